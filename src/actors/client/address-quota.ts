/** Counts what each remote address holds of something, up to a bound per address. An address that holds nothing costs nothing. */
export class AddressQuota {
  private readonly counts = new Map<string, number>();

  /** @param max how many one address may hold at once */
  constructor(private readonly max: number) {}

  /** Takes one place for an address; returns whether there was one. */
  tryAcquire(remoteHost: string): boolean {
    const count = this.counts.get(remoteHost) ?? 0;
    if (count >= this.max) return false;
    this.counts.set(remoteHost, count + 1);
    return true;
  }

  /** Gives one place back that the address has taken. */
  release(remoteHost: string): void {
    const count = this.counts.get(remoteHost) ?? 0;
    if (count > 1) this.counts.set(remoteHost, count - 1);
    else this.counts.delete(remoteHost);
  }
}
