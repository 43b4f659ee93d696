/** Counts what each remote address holds of something, up to a bound per address. An address that holds nothing costs nothing. */
export class AddressQuota {
  private readonly held = new Map<string, number>();

  /** @param max how many one address may hold at once */
  constructor(private readonly max: number) {}

  /** Takes one place for an address; returns whether there was one. */
  take(address: string): boolean {
    const count = this.held.get(address) ?? 0;
    if (count >= this.max) return false;
    this.held.set(address, count + 1);
    return true;
  }

  /** Gives one place back that the address has taken. */
  release(address: string): void {
    const count = this.held.get(address) ?? 0;
    if (count > 1) this.held.set(address, count - 1);
    else this.held.delete(address);
  }
}
