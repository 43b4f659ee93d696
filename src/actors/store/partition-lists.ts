import { PartitionNumbers } from '../../protocol/place/partition-numbers.js';
import { noCell, type CellRef } from './cell-allocator.js';
import type { LocationArena } from './location-arena.js';

/**
 * Place in the list of a partition from which an iteration continues in constant time. It visits each cell that is in the list all the
 * time, and none that is added meanwhile.
 */
export class PartitionCursor {
  constructor(
    readonly partition: number,
    /** The next cell to visit; `noCell` at the end. */
    public next: CellRef,
  ) {}
}

/**
 * The cells of each partition of the digest in a doubly linked list. Anyone can choose any number of client IDs of one partition, so no
 * operation depends on the length of a list.
 */
export class PartitionLists {
  private readonly heads = new PartitionNumbers();
  /** Cursors within a list: those of the neighbours that are catching up. */
  private readonly cursors = new Set<PartitionCursor>();

  constructor(private readonly arena: LocationArena) {}

  /** Adds a cell at the head of the list, where no cursor visits it. */
  add(partition: number, cell: CellRef): void {
    const { arena } = this;
    const first = this.head(partition);
    arena.setPrevious(cell, noCell);
    arena.setNext(cell, first);
    if (first !== noCell) arena.setPrevious(first, cell);
    this.heads.set(partition, cell);
  }

  remove(partition: number, cell: CellRef): void {
    const { arena } = this;
    const next = arena.next(cell);
    const previous = arena.previous(cell);
    if (previous === noCell) this.heads.set(partition, next);
    else arena.setNext(previous, next);
    if (next !== noCell) arena.setPrevious(next, previous);
    this.updateCursors(cell, next);
  }

  /** Updates the list for a cell that was copied to another place with its links. */
  move(partition: number, from: CellRef, to: CellRef): void {
    const { arena } = this;
    const next = arena.next(to);
    const previous = arena.previous(to);
    if (previous === noCell) this.heads.set(partition, to);
    else arena.setNext(previous, to);
    if (next !== noCell) arena.setPrevious(next, to);
    this.updateCursors(from, to);
  }

  /** Begins an iteration over a partition, which must be closed. */
  open(partition: number): PartitionCursor {
    const cursor = new PartitionCursor(partition, this.head(partition));
    this.cursors.add(cursor);
    return cursor;
  }

  /** Returns the next cell of an iteration, which is not at its end. */
  advance(cursor: PartitionCursor): CellRef {
    const cell = cursor.next;
    cursor.next = this.arena.next(cell);
    return cell;
  }

  close(cursor: PartitionCursor): void {
    this.cursors.delete(cursor);
  }

  private head(partition: number): CellRef {
    return this.heads.get(partition);
  }

  private updateCursors(from: CellRef, to: CellRef): void {
    if (this.cursors.size === 0) return;
    for (const cursor of this.cursors) if (cursor.next === from) cursor.next = to;
  }
}
