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
 * Items of the largest class that are compared to find the largest. In a class of more, the one that is found may hold half as
 * much as the largest.
 */
const maxCompared = 1_000;

interface Sized {
  bytes: number;
}

/** Items in classes by the power of two of their bytes, so that the largest is found without a look at all of them. */
class SizeClasses<Item extends Sized> {
  private readonly classes: (Set<Item> | undefined)[] = [];

  /** Sets the bytes of an item; one of 0 bytes is in no class. */
  put(item: Item, bytes: number): void {
    const [oldClass, newClass] = [sizeClassOf(item.bytes), sizeClassOf(bytes)];
    item.bytes = bytes;
    if (oldClass === newClass) return;
    this.classes[oldClass]?.delete(item);
    if (newClass > 0) (this.classes[newClass] ??= new Set()).add(item);
  }

  largest(): Item | undefined {
    const items = this.classes.findLast((sizeClass) => sizeClass !== undefined && sizeClass.size > 0) ?? [];
    let largest: Item | undefined;
    let comparedCount = 0;
    for (const item of items) {
      if (largest === undefined || item.bytes > largest.bytes) largest = item;
      if ((comparedCount += 1) === maxCompared) break;
    }
    return largest;
  }
}

/** A holder and its bytes. */
interface Entry extends Sized {
  readonly holder: OutputHolder;
  readonly group: Group;
}

/** The holders of one remote address. */
interface Group extends Sized {
  readonly entries: SizeClasses<Entry>;
  /** Open accounts. */
  accounts: number;
}

/**
 * Bounds the output that waits for all clients of a server together, whatever their protocol. Beyond the bound the remote address
 * whose clients hold the most loses the one of them that holds the most, until the rest is within it: a thousand slow readers of one
 * address cost others nothing.
 */
export class OutputBudget {
  private readonly groups = new Map<string, Group>();
  private readonly bySize = new SizeClasses<Group>();
  private totalBytes = 0;

  /** @param maxBytes bytes that may wait in all */
  constructor(private readonly maxBytes: number) {}

  /** Bytes that wait in all. */
  get bytes(): number {
    return this.totalBytes;
  }

  /**
   * Opens the account of a holder. A holder has one at most.
   * @param remoteHost the remote address it is counted by
   */
  open(holder: OutputHolder, remoteHost: string): OutputAccount {
    const group = this.groups.get(remoteHost) ?? { bytes: 0, entries: new SizeClasses<Entry>(), accounts: 0 };
    this.groups.set(remoteHost, group);
    group.accounts += 1;
    const entry: Entry = { holder, group, bytes: 0 };
    let isOpen = true;
    return {
      set: (bytes) => {
        if (!isOpen) return;
        this.put(entry, bytes);
        while (this.totalBytes > this.maxBytes && this.dropLargest());
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.put(entry, 0);
        group.accounts -= 1;
        if (group.accounts === 0) this.groups.delete(remoteHost);
      },
    };
  }

  private put(entry: Entry, bytes: number): void {
    const { group } = entry;
    const change = bytes - entry.bytes;
    this.totalBytes += change;
    group.entries.put(entry, bytes);
    this.bySize.put(group, group.bytes + change);
  }

  private dropLargest(): boolean {
    const entry = this.bySize.largest()?.entries.largest();
    if (entry === undefined) return false;
    const { holder, bytes } = entry;
    this.put(entry, 0);
    holder.drop(`output buffers of all clients exceed ${this.maxBytes} bytes, and this one holds ${bytes}`);
    return true;
  }
}

/** The number of binary digits of a number of bytes; 0 for none. */
function sizeClassOf(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1;
}
