/** Something with an output buffer. */
export interface OutputHolder {
  /** Closes it and frees its buffer. */
  drop(reason: string): void;
}

/** The buffered bytes of one holder. */
export interface OutputAccount {
  /** Sets the number of buffered bytes. May drop holders, including this one. */
  set(bytes: number): void;
  /** Closes the account. */
  close(): void;
}

/**
 * Items of the largest class that are compared to find the largest. If the class has more, the item found may have half the bytes of
 * the largest.
 */
const maxCompared = 1_000;

interface Sized {
  bytes: number;
}

/** Items grouped by the power of two of their bytes, so that a large one is found without comparing all. */
class SizeClasses<Item extends Sized> {
  private readonly classes: (Set<Item> | undefined)[] = [];

  /** Sets the bytes of an item; an item of 0 bytes is in no class. */
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
 * Limits the output buffers of all clients of a server together, whatever their protocol. Beyond the limit, the client with the most
 * bytes of the remote host with the most bytes is dropped, repeatedly: many slow readers of one host do not affect other hosts.
 */
export class OutputBudget {
  private readonly groups = new Map<string, Group>();
  private readonly bySize = new SizeClasses<Group>();
  private totalBytes = 0;

  /** @param maxBytes maximum bytes of all output buffers */
  constructor(private readonly maxBytes: number) {}

  /** Bytes of all output buffers. */
  get bytes(): number {
    return this.totalBytes;
  }

  /**
   * Opens the account of a holder, which has at most one.
   * @param remoteHost the holder's remote host
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

/** The number of binary digits of a number of bytes; 0 for 0. */
function sizeClassOf(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1;
}
