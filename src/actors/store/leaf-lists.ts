import { LeafNumbers } from '../../protocol/place/leaf-numbers.js';
import { noCell, type CellRef } from './cell-allocator.js';
import type { LocationArena } from './location-arena.js';

/**
 * Place in the list of a leaf from which an iteration continues in constant time. It visits each cell that is in the list all the
 * time, and none that is added meanwhile.
 */
export class LeafCursor {
  constructor(
    readonly leaf: number,
    /** The next cell to visit; `noCell` at the end. */
    public next: CellRef,
  ) {}
}

/**
 * The cells of each leaf of the digest in a doubly linked list. Anyone can choose any number of client IDs of one leaf, so no
 * operation depends on the length of a list.
 */
export class LeafLists {
  private readonly heads = new LeafNumbers();
  /** Cursors within a list: those of the neighbours that are catching up. */
  private readonly cursors = new Set<LeafCursor>();

  constructor(private readonly arena: LocationArena) {}

  /** Adds a cell at the head of the list, where no cursor visits it. */
  add(leaf: number, cell: CellRef): void {
    const { arena } = this;
    const first = this.first(leaf);
    arena.setPrevious(cell, noCell);
    arena.setNext(cell, first);
    if (first !== noCell) arena.setPrevious(first, cell);
    this.heads.set(leaf, cell);
  }

  remove(leaf: number, cell: CellRef): void {
    const { arena } = this;
    const next = arena.next(cell);
    const previous = arena.previous(cell);
    if (previous === noCell) this.heads.set(leaf, next);
    else arena.setNext(previous, next);
    if (next !== noCell) arena.setPrevious(next, previous);
    this.updateCursors(cell, next);
  }

  /** Updates the list for a cell that was copied to another place with its links. */
  move(leaf: number, from: CellRef, to: CellRef): void {
    const { arena } = this;
    const next = arena.next(to);
    const previous = arena.previous(to);
    if (previous === noCell) this.heads.set(leaf, to);
    else arena.setNext(previous, to);
    if (next !== noCell) arena.setPrevious(next, to);
    this.updateCursors(from, to);
  }

  /** Begins an iteration over a leaf, which must be closed. */
  open(leaf: number): LeafCursor {
    const cursor = new LeafCursor(leaf, this.first(leaf));
    this.cursors.add(cursor);
    return cursor;
  }

  /** Returns the next cell of an iteration, which is not at its end. */
  advance(cursor: LeafCursor): CellRef {
    const cell = cursor.next;
    cursor.next = this.arena.next(cell);
    return cell;
  }

  close(cursor: LeafCursor): void {
    this.cursors.delete(cursor);
  }

  /** Returns the first cell of a leaf; `noCell` for an empty one. */
  first(leaf: number): CellRef {
    return this.heads.get(leaf);
  }

  private updateCursors(from: CellRef, to: CellRef): void {
    if (this.cursors.size === 0) return;
    for (const cursor of this.cursors) if (cursor.next === from) cursor.next = to;
  }
}
