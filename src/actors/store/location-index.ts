import type { CellRef } from './cell-allocator.js';
import { hashCount } from './hash-key.js';

const initialBits = 6;
const maxBits = 28;
/** Slots behind the last home, for entries that are displaced beyond it. */
const initialSlack = 64;

/** Maximum entries per home. */
const maxLoad = 0.8;

/** Maximum bytes of the index per entry: after growth, 0.4 of the slots of 8 bytes are in use. */
export const maxEntryBytes = 20;

/**
 * Hash table with open addressing that is ordered by the hash: ordered linear probing (Amble and Knuth, 1974), in which the home of an
 * entry is given by the highest bits of its hash, so that the entries lie in ascending order. An iteration from hash to hash is stable,
 * even if the table grows. Hashes must be keyed, so that nobody can choose many with one home.
 *
 * Each slot has two numbers: the hash, and the cell, 0 in an empty slot. Removal shifts the following entries back, so there are no
 * tombstones.
 */
export class LocationIndex {
  private bits = initialBits;
  private slack = initialSlack;
  private slots: Uint32Array<ArrayBuffer>;
  private count = 0;
  /** Where `find` found an entry, or where it is to be inserted. */
  private found = 0;

  constructor() {
    this.slots = createSlots(this.bits, this.slack);
  }

  /** The number of entries. */
  get size(): number {
    return this.count;
  }

  /** Bytes of memory. */
  get bytes(): number {
    return this.slots.byteLength;
  }

  /**
   * Positions the index at the first entry of a hash; returns its cell, 0 if there is none. `findNext` continues with the entries of
   * the same hash. When they have returned 0, the index is where `insert` adds an entry of this hash.
   */
  findFirst(hash: number): CellRef {
    const { slots } = this;
    let slot = this.homeOf(hash);
    while (cellIn(slots, slot) !== 0 && hashIn(slots, slot) < hash) slot += 1;
    this.found = slot;
    return this.cellOf(hash);
  }

  findNext(hash: number): CellRef {
    this.found += 1;
    return this.cellOf(hash);
  }

  /** Inserts an entry where `findFirst` or `findNext` has returned 0 for its hash. */
  insert(hash: number, cell: CellRef): void {
    if (this.count + 1 > 2 ** this.bits * maxLoad && this.bits < maxBits) {
      this.rebuild(this.bits + 1, this.slack);
      this.seekEnd(hash);
    }
    const { slots } = this;
    let end = this.found;
    while (cellIn(slots, end) !== 0) end += 1;
    // The last slot always remains empty: it ends every search.
    if (end * 2 + 2 >= slots.length) {
      this.rebuild(this.bits, this.slack * 2);
      return this.insert(hash, cell);
    }
    slots.copyWithin(this.found * 2 + 2, this.found * 2, end * 2);
    slots[this.found * 2] = hash;
    slots[this.found * 2 + 1] = cell;
    this.count += 1;
  }

  /** Replaces the cell of the entry that `findFirst` or `findNext` has returned last. */
  replace(cell: CellRef): void {
    this.slots[this.found * 2 + 1] = cell;
  }

  /** Removes the entry that `findFirst` or `findNext` has returned last. */
  remove(): void {
    const { slots } = this;
    let end = this.found + 1;
    while (cellIn(slots, end) !== 0 && this.homeOf(hashIn(slots, end)) < end) end += 1;
    slots.copyWithin(this.found * 2, this.found * 2 + 2, end * 2);
    slots[end * 2 - 1] = 0;
    this.count -= 1;
  }

  /**
   * Adds cells to a list in ascending order of their hashes, from a hash on, until the list has `max`. More are added only if they have
   * the same hash, so that a list never ends between equal hashes.
   * @returns the hash from which to continue; undefined if there are no more entries
   */
  collect(from: number, max: number, into: CellRef[]): number | undefined {
    if (from >= hashCount) return undefined;
    const { slots } = this;
    const end = slots.length / 2;
    let last = -1;
    for (let slot = this.homeOf(from); slot < end; slot += 1) {
      const cell = cellIn(slots, slot);
      const hash = hashIn(slots, slot);
      if (cell === 0 || hash < from) continue;
      if (into.length >= max && hash !== last) return hash;
      into.push(cell);
      last = hash;
    }
    return undefined;
  }

  private cellOf(hash: number): CellRef {
    return hashIn(this.slots, this.found) === hash ? cellIn(this.slots, this.found) : 0;
  }

  /** Positions the index behind all entries of a hash. */
  private seekEnd(hash: number): void {
    for (let cell = this.findFirst(hash); cell !== 0;) cell = this.findNext(hash);
  }

  /** Copies the entries to a table with other numbers of homes and of slots behind them, in one pass. */
  private rebuild(bits: number, slack: number): void {
    const old = this.slots;
    let slots = createSlots(bits, slack);
    this.bits = bits;
    this.slack = slack;
    let next = 0;
    for (let slot = 0; slot < old.length / 2; slot += 1) {
      const cell = cellIn(old, slot);
      if (cell === 0) continue;
      const hash = hashIn(old, slot);
      next = Math.max(next, this.homeOf(hash));
      if (next * 2 + 4 > slots.length) {
        // Nearly all hashes are equal.
        this.slack *= 2;
        const grown = createSlots(bits, this.slack);
        grown.set(slots);
        slots = grown;
      }
      slots[next * 2] = hash;
      slots[next * 2 + 1] = cell;
      next += 1;
    }
    this.slots = slots;
  }

  private homeOf(hash: number): number {
    return hash >>> (32 - this.bits);
  }
}

function createSlots(bits: number, slack: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array((2 ** bits + slack) * 2);
}

function hashIn(slots: Uint32Array, slot: number): number {
  return slots[slot * 2] ?? 0;
}

function cellIn(slots: Uint32Array, slot: number): CellRef {
  return slots[slot * 2 + 1] ?? 0;
}
