/** Limits how many units of a resource each remote host may hold. A host that holds none takes no memory. */
export class AddressQuota {
  private readonly counts = new Map<string, number>();

  /** @param max units that one host may hold at once */
  constructor(private readonly max: number) {}

  /** Acquires a unit for a host; returns whether one was available. */
  tryAcquire(remoteHost: string): boolean {
    const count = this.counts.get(remoteHost) ?? 0;
    if (count >= this.max) return false;
    this.counts.set(remoteHost, count + 1);
    return true;
  }

  /** Releases a unit that the host holds. */
  release(remoteHost: string): void {
    const count = this.counts.get(remoteHost) ?? 0;
    if (count > 1) this.counts.set(remoteHost, count - 1);
    else this.counts.delete(remoteHost);
  }
}
