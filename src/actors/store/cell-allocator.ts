import { WordBuffer } from '../../protocol/text/word-buffer.js';
import { classUnits, unitBytes } from './size-classes.js';

/** Reference to a cell: the index of its slab, and its first unit in it. */
export type CellRef = number;

/** No cell. */
export const noCell: CellRef = 0;

const unitBits = 14;
const unitMask = 2 ** unitBits - 1;

/** Maximum bytes of a slab. */
export const slabBytes = 2 ** unitBits * unitBytes;

/** Bytes of a new slab. It doubles its memory up to the maximum as its cells are used first, so that a small store is small. */
const initialSlabBytes = 2 ** 14;

/** Units of the largest cell that shares a slab with others (16 KiB). A larger one has memory of its own. */
export const maxSharedUnits = 1_024;

const maxSlabs = 2 ** (31 - unitBits);

/** Maximum bytes of the slabs of one allocator (32 GiB), because references have 31 bits. */
export const maxAllocatorBytes = maxSlabs * slabBytes;

/** Cells of one size. All cells of a slab are of the same class. */
class SizeClass {
  /** Slabs with free cells. */
  readonly available = new Set<Slab>();
  /** The number of free cells in all slabs. */
  freeCells = 0;

  constructor(readonly units: number) {}

  get cellsPerSlab(): number {
    return Math.floor(2 ** unitBits / this.units);
  }
}

class Slab {
  /** Undefined for a spare slab, and for the memory of one large cell. */
  sizeClass: SizeClass | undefined;
  /** The number of cells in use. */
  used = 0;
  /** The number of cells that were in use at least once: those behind them were never written. */
  touched = 0;
  /** The first of a list of free cells that were in use. */
  free: CellRef = noCell;

  constructor(
    readonly index: number,
    public memory: WordBuffer,
  ) {}
}

/** What a user of an allocator does in its cells. */
export interface CellOwner {
  /** Whether a cell is in use. Asked of all cells of a slab, also of free ones. */
  isUsed(cell: CellRef): boolean;
  /** A cell was copied to another place, the only one that is valid from now on. */
  moved(from: CellRef, to: CellRef): void;
}

/**
 * Memory for cells of different sizes outside of the heap of V8, which would otherwise mark each of millions of objects.
 *
 * Memory is taken in slabs, each for cells of one size class. An empty slab is used again, for any class, but never given back to the
 * operating system. If a slab is less than half full and the other slabs of its class have room for its cells, they are moved there.
 * Without that, clients that choose the lengths of their lines could leave a few cells in each slab, and so take many times the memory
 * that is counted. So the slabs have at most twice the bytes that were in use at one time, and a slab per class. The cost of moving is
 * constant per freed cell on average, since the slab that is emptied had at least as many freed cells.
 */
export class CellAllocator {
  /** No slab has the index 0, so that no cell is `noCell`. */
  private readonly slabs: (Slab | undefined)[] = [undefined];
  /** The memory of each slab. A list of its own, because every access to a cell begins here. */
  private readonly views: (DataView | undefined)[] = [undefined];
  private readonly classes = new Map<number, SizeClass>();
  private readonly spareSlabs: Slab[] = [];
  private readonly spareIndexes: number[] = [];
  private allocated = 0;
  private inUse = 0;

  constructor(private readonly owner: CellOwner) {}

  /** Bytes of memory of all slabs. */
  get allocatedBytes(): number {
    return this.allocated;
  }

  /** Bytes of the cells in use. */
  get usedBytes(): number {
    return this.inUse;
  }

  /** Returns the memory that contains a cell. */
  memoryOf(cell: CellRef): WordBuffer {
    return this.slabOf(cell).memory;
  }

  /** Returns a view of the memory that contains a cell. */
  viewOf(cell: CellRef): DataView {
    const view = this.views[cell >>> unitBits];
    if (view === undefined) throw new RangeError(`no cell ${cell}`);
    return view;
  }

  /** Allocates a cell, whose content is arbitrary. */
  allocate(bytes: number): CellRef {
    const units = classUnits(bytes);
    const cell = units > maxSharedUnits ? this.allocateLarge(units) : this.allocateIn(this.classOf(units));
    this.inUse += units * unitBytes;
    return cell;
  }

  /**
   * Frees a cell of as many bytes. May move other cells of the same class.
   */
  free(cell: CellRef, bytes: number): void {
    const units = classUnits(bytes);
    const slab = this.slabOf(cell);
    this.inUse -= units * unitBytes;
    if (slab.sizeClass === undefined) return this.freeLarge(slab);
    this.freeIn(slab, slab.sizeClass, cell);
    this.compact(slab, slab.sizeClass);
  }

  private allocateIn(sizeClass: SizeClass): CellRef {
    const slab = firstOf(sizeClass.available) ?? this.addSlab(sizeClass);
    const cell = slab.free === noCell ? cellAt(slab, slab.touched) : slab.free;
    if (slab.free === noCell) this.touch(slab, offsetOf(cell) + sizeClass.units * unitBytes);
    else slab.free = slab.memory.view.getInt32(offsetOf(cell), true);
    slab.used += 1;
    sizeClass.freeCells -= 1;
    if (slab.used === sizeClass.cellsPerSlab) sizeClass.available.delete(slab);
    return cell;
  }

  /** Uses the next cell of a slab for the first time, which ends at an offset. */
  private touch(slab: Slab, end: number): void {
    slab.touched += 1;
    const { memory } = slab;
    if (end <= memory.size) return;
    const grown = new WordBuffer(2 * memory.size);
    memory.bytes.copy(grown.bytes);
    slab.memory = grown;
    this.views[slab.index] = grown.view;
    this.allocated += grown.size - memory.size;
  }

  private freeIn(slab: Slab, sizeClass: SizeClass, cell: CellRef): void {
    slab.memory.view.setInt32(offsetOf(cell), slab.free, true);
    slab.free = cell;
    slab.used -= 1;
    sizeClass.freeCells += 1;
    sizeClass.available.add(slab);
  }

  /** Moves the cells of a slab to others if it is less than half full, and they have room. */
  private compact(slab: Slab, sizeClass: SizeClass): void {
    const { cellsPerSlab } = sizeClass;
    const freeElsewhere = sizeClass.freeCells - (cellsPerSlab - slab.used);
    if (slab.used * 2 >= cellsPerSlab || slab.used > freeElsewhere) return;
    sizeClass.available.delete(slab);
    const bytes = sizeClass.units * unitBytes;
    for (let index = 0; index < slab.touched; index += 1) {
      const cell = cellAt(slab, index);
      if (!this.owner.isUsed(cell)) continue;
      const target = this.allocateIn(sizeClass);
      const from = offsetOf(cell);
      slab.memory.bytes.copy(this.memoryOf(target).bytes, offsetOf(target), from, from + bytes);
      this.owner.moved(cell, target);
    }
    sizeClass.freeCells -= cellsPerSlab - slab.used;
    // The cells moved were counted as taken from the other slabs.
    this.release(slab);
  }

  private addSlab(sizeClass: SizeClass): Slab {
    const slab = this.spareSlabs.pop() ?? this.createSlab(initialSlabBytes);
    slab.sizeClass = sizeClass;
    sizeClass.freeCells += sizeClass.cellsPerSlab;
    sizeClass.available.add(slab);
    return slab;
  }

  private release(slab: Slab): void {
    slab.sizeClass = undefined;
    slab.used = 0;
    slab.touched = 0;
    slab.free = noCell;
    this.spareSlabs.push(slab);
  }

  private allocateLarge(units: number): CellRef {
    return cellAt(this.createSlab(units * unitBytes), 0);
  }

  private freeLarge(slab: Slab): void {
    this.slabs[slab.index] = undefined;
    this.views[slab.index] = undefined;
    this.spareIndexes.push(slab.index);
    this.allocated -= slab.memory.size;
  }

  private createSlab(bytes: number): Slab {
    const index = this.spareIndexes.pop() ?? this.slabs.length;
    if (index >= maxSlabs) throw new RangeError(`locations: more than ${maxSlabs} slabs (lower limits.maxStoreBytes)`);
    const slab = new Slab(index, new WordBuffer(bytes));
    this.slabs[index] = slab;
    this.views[index] = slab.memory.view;
    this.allocated += bytes;
    return slab;
  }

  private classOf(units: number): SizeClass {
    let sizeClass = this.classes.get(units);
    if (sizeClass === undefined) {
      sizeClass = new SizeClass(units);
      this.classes.set(units, sizeClass);
    }
    return sizeClass;
  }

  private slabOf(cell: CellRef): Slab {
    const slab = this.slabs[cell >>> unitBits];
    if (slab === undefined) throw new RangeError(`no cell ${cell}`);
    return slab;
  }
}

/** Returns the offset of a cell in its memory, in bytes. */
export function offsetOf(cell: CellRef): number {
  return (cell & unitMask) * unitBytes;
}

function cellAt({ index, sizeClass }: Slab, position: number): CellRef {
  return (index << unitBits) | (position * (sizeClass?.units ?? 0));
}

function firstOf<Value>(values: ReadonlySet<Value>): Value | undefined {
  for (const value of values) return value;
  return undefined;
}
