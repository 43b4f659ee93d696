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
 * Bounds the output that waits for all clients of a server together, whatever their protocol. Beyond the bound the holders with
 * the most bytes are dropped first, until the rest is within it.
 */
export class OutputBudget {
  private readonly accounts = new Map<OutputHolder, number>();
  private total = 0;

  /** @param bytesMax bytes that may wait in all */
  constructor(private readonly bytesMax: number) {}

  /** Bytes that wait in all. */
  get bytes(): number {
    return this.total;
  }

  /** Opens the account of a holder. A holder has one at most. */
  open(holder: OutputHolder): OutputAccount {
    return {
      set: (bytes) => {
        this.put(holder, bytes);
        if (this.total > this.bytesMax) this.dropLargest();
      },
      close: () => this.put(holder, 0),
    };
  }

  private put(holder: OutputHolder, bytes: number): void {
    this.total += bytes - (this.accounts.get(holder) ?? 0);
    if (bytes === 0) this.accounts.delete(holder);
    else this.accounts.set(holder, bytes);
  }

  private dropLargest(): void {
    const largestFirst = [...this.accounts].sort(([, a], [, b]) => b - a);
    for (const [holder, bytes] of largestFirst) {
      if (this.total <= this.bytesMax) return;
      this.put(holder, 0);
      holder.drop(`output buffers of all clients exceed ${this.bytesMax} bytes, and this one holds ${bytes}`);
    }
  }
}
