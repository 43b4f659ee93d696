/** Something whose output waits to be taken. */
export interface OutputHolder {
  /** Closes it, and frees what waits. */
  drop(reason: string): void;
}

/** What one holder has waiting. */
export interface OutputAccount {
  /** Says how many bytes wait now. May drop holders, this one among them. */
  set(bytes: number): void;
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
}

/**
 * Bounds the output that waits for all clients of a server together, whatever their protocol. Beyond the bound the holders with
 * the most bytes are dropped first, until the rest is within it. Entries stand in classes by the power of two of their size, so
 * that neither a change nor a drop looks at all of them, however many there are and however often the bound is passed.
 */
export class OutputBudget {
  /** By the number of binary digits of their bytes; entries of 0 bytes are in none. */
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
    const entry: Entry = { holder, bytes: 0 };
    return {
      set: (bytes) => {
        this.put(entry, bytes);
        while (this.total > this.bytesMax) this.dropLargest();
      },
      close: () => this.put(entry, 0),
    };
  }

  private put(entry: Entry, bytes: number): void {
    const from = classOf(entry.bytes);
    const to = classOf(bytes);
    this.total += bytes - entry.bytes;
    entry.bytes = bytes;
    if (from === to) return;
    this.classes[from]?.delete(entry);
    if (to > 0) (this.classes[to] ??= new Set()).add(entry);
  }

  private dropLargest(): void {
    const largest = this.classes.findLast((entries) => entries !== undefined && entries.size > 0) ?? [];
    let most: Entry | undefined;
    let seen = 0;
    for (const entry of largest) {
      if (most === undefined || entry.bytes > most.bytes) most = entry;
      if ((seen += 1) === comparedMax) break;
    }
    if (most === undefined) return;
    const { holder, bytes } = most;
    this.put(most, 0);
    holder.drop(`output buffers of all clients exceed ${this.bytesMax} bytes, and this one holds ${bytes}`);
  }
}

/** The number of binary digits of a number of bytes; 0 for none. */
function classOf(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1;
}
