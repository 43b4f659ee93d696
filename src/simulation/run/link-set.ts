/** Set of links between two parties, each in one direction. */
export class LinkSet<Party extends string> {
  private readonly ends = new Map<Party, Set<Party>>();

  add(from: Party, to: Party): void {
    const ends = this.ends.get(from);
    if (ends === undefined) this.ends.set(from, new Set([to]));
    else ends.add(to);
  }

  delete(from: Party, to: Party): void {
    this.ends.get(from)?.delete(to);
  }

  has(from: Party, to: Party): boolean {
    return this.ends.get(from)?.has(to) === true;
  }
}
