/** Time of a report in POSIX seconds, and when it was acknowledged, on the clock of `performance`. */
interface AckedTime {
  readonly time: number;
  readonly ackedMs: number;
}

/** The newest acknowledged reports of each client, to find lookups that fail or are stale. */
export class AckedTimes {
  private readonly newest = new Map<string, AckedTime>();
  private readonly previous = new Map<string, AckedTime>();

  /** @param settleMs time after the acknowledgement in which other servers may still answer with the previous report */
  constructor(private readonly settleMs: number) {}

  get clients(): readonly string[] {
    return [...this.newest.keys()];
  }

  /** Records an acknowledged report; reports of a client are recorded in their order. */
  record(client: string, time: number, ackedMs: number): void {
    const last = this.newest.get(client);
    if (last !== undefined) this.previous.set(client, last);
    this.newest.set(client, { time, ackedMs });
  }

  /** Judges the response to a lookup that was sent at `sentMs`. */
  judge(client: string, response: string, sentMs: number): 'correct' | 'stale' | 'failed' {
    const [keyword, , , found, , time] = response.split(' ');
    if (keyword !== 'AT' || found !== client) return 'failed';
    return Number(time) >= this.expectedAt(client, sentMs) ? 'correct' : 'stale';
  }

  /** Removes the newest report of each client of which it was acknowledged since `sinceMs`: its server may have lost it. Returns how many. */
  withdraw(clients: readonly string[], sinceMs: number): number {
    const withdrawn = clients.filter((client) => (this.newest.get(client)?.ackedMs ?? 0) >= sinceMs);
    for (const client of withdrawn) {
      const last = this.previous.get(client);
      if (last === undefined) this.newest.delete(client);
      else this.newest.set(client, last);
    }
    return withdrawn.length;
  }

  private expectedAt(client: string, atMs: number): number {
    const last = this.newest.get(client);
    if (last === undefined) return 0;
    return last.ackedMs <= atMs - this.settleMs ? last.time : (this.previous.get(client)?.time ?? 0);
  }
}
