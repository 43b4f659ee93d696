/** Something whose output waits to be taken. */
export interface OutputHolder {
  /** Closes it, and frees what waits. */
  drop(reason: string): void;
}

/** What one holder has waiting. */
export interface OutputAccount {
  /**
   * Says how many bytes wait now. May drop holders, this one among them.
   * @param weight what decides who is dropped; left out, the bytes
   */
  set(bytes: number, weight?: number): void;
  /** Nothing waits any more. */
  close(): void;
}

/**
 * Entries of the largest class that are compared to find the largest. In a class of more, what is dropped may hold half as much as
 * the largest.
 */
const comparedMax = 1_000;

/** A holder and its bytes. */
interface Entry {
  readonly holder: OutputHolder;
  bytes: number;
  weight: number;
}

/**
 * Bounds the output that waits for all clients of a server together, whatever their protocol. Beyond the bound the holders with
 * the most weight are dropped first, until the rest is within it. Entries stand in classes by the power of two of their weight, so that neither a change nor a drop looks at all of them, however many there are and however often the bound is passed.
 */
export class OutputBudget {
  /** By the number of binary digits of their weight; entries of which nothing waits are in none. */
  private readonly classes: (Set<Entry> | undefined)[] = [];
  private total = 0;

  /** @param bytesMax bytes that may wait in all */
  constructor(private readonly bytesMax: number) {}

  /** Bytes that wait in all. */
  get bytes(): number {
    return this.total;
  }

  /** Opens the account of a holder. A holder has one at most. */
  open(holder: OutputHolder): OutputAccount {
    const entry: Entry = { holder, bytes: 0, weight: 0 };
    return {
      set: (bytes, weight = bytes) => {
        this.put(entry, bytes, weight);
        while (this.total > this.bytesMax) this.dropLargest();
      },
      close: () => this.put(entry, 0, 0),
    };
  }

  private put(entry: Entry, bytes: number, weight: number): void {
    const from = classOf(entry);
    this.total += bytes - entry.bytes;
    entry.bytes = bytes;
    entry.weight = weight;
    const to = classOf(entry);
    if (from === to) return;
    if (from !== undefined) this.classes[from]?.delete(entry);
    if (to !== undefined) (this.classes[to] ??= new Set()).add(entry);
  }

  private dropLargest(): void {
    const largest = this.classes.findLast((entries) => entries !== undefined && entries.size > 0) ?? [];
    let most: Entry | undefined;
    let seen = 0;
    for (const entry of largest) {
      if (most === undefined || isMore(entry, most)) most = entry;
      if ((seen += 1) === comparedMax) break;
    }
    if (most === undefined) return;
    const { holder, bytes } = most;
    this.put(most, 0, 0);
    holder.drop(`output buffers of all clients exceed ${this.bytesMax} bytes, and this one holds ${bytes}`);
  }
}

/** The number of binary digits of the weight; undefined where nothing waits. */
function classOf({ bytes, weight }: Entry): number | undefined {
  if (bytes === 0) return undefined;
  return weight === 0 ? 0 : Math.floor(Math.log2(weight)) + 1;
}

function isMore(a: Entry, b: Entry): boolean {
  return a.weight > b.weight || (a.weight === b.weight && a.bytes > b.bytes);
}
