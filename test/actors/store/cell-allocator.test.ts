import { expect } from 'chai';
import fc from 'fast-check';
import { CellAllocator, offsetOf, slabBytes, type CellRef } from '../../../src/actors/store/cell-allocator.js';
import { classUnits, unitBytes } from '../../../src/actors/store/size-classes.js';

interface Content {
  cell: CellRef;
  readonly bytes: number;
}

/** Where a test keeps the number of a cell's content. The allocator uses the first bytes of a free cell. */
const numberOffset = 8;

/** An allocator, and what its cells should contain. */
class Cells {
  readonly contents = new Map<number, Content>();
  readonly allocator = new CellAllocator({
    isUsed: (cell) => this.read(cell) !== 0,
    moved: (from, to) => {
      const content = this.contents.get(this.read(to)) ?? expect.fail('a cell in use was moved');
      expect(content.cell).to.equal(from);
      content.cell = to;
    },
  });
  private last = 0;

  add(bytes: number): number {
    this.last += 1;
    const cell = this.allocator.allocate(bytes);
    const view = this.allocator.viewOf(cell);
    view.setInt32(offsetOf(cell) + numberOffset, this.last, true);
    // Writes the last byte, which must be nobody else's.
    if (bytes > numberOffset + 4) view.setUint8(offsetOf(cell) + bytes - 1, this.last % 251);
    this.contents.set(this.last, { cell, bytes });
    return this.last;
  }

  remove(number: number): void {
    const { cell, bytes } = this.contents.get(number) ?? expect.fail();
    this.contents.delete(number);
    this.allocator.viewOf(cell).setInt32(offsetOf(cell) + numberOffset, 0, true);
    this.allocator.free(cell, bytes);
  }

  /** Expects that all contents are intact. */
  check(): void {
    let usedBytes = 0;
    for (const [number, { cell, bytes }] of this.contents) {
      expect(this.read(cell)).to.equal(number);
      const last = this.allocator.viewOf(cell).getUint8(offsetOf(cell) + bytes - 1);
      if (bytes > numberOffset + 4) expect(last).to.equal(number % 251);
      usedBytes += classUnits(bytes) * unitBytes;
    }
    expect(this.allocator.usedBytes).to.equal(usedBytes);
  }

  private read(cell: CellRef): number {
    return this.allocator.viewOf(cell).getInt32(offsetOf(cell) + numberOffset, true);
  }
}

describe('CellAllocator', () => {
  it('has size classes that waste less than an eighth, but no less than 15 bytes', () => {
    let classes = 0;
    for (let bytes = 1, before = 0; bytes <= 16_384; bytes += 1) {
      const size = classUnits(bytes) * unitBytes;
      expect(size).to.be.at.least(bytes);
      expect(size - bytes).to.be.below(Math.max(16, bytes / 8));
      expect(classUnits(size) * unitBytes, 'a class contains its own size').to.equal(size);
      if (size !== before) classes += 1;
      before = size;
    }
    expect(classes).to.equal(64);
  });

  it('keeps the content of cells, for any sequence of allocations of any size', () => {
    const size = fc.oneof(
      fc.integer({ min: 12, max: 300 }),
      fc.integer({ min: 300, max: 20_000 }),
      fc.constant(400_000),
    );
    const step = fc.record({ bytes: size, isFreed: fc.boolean(), choice: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const cells = new Cells();
        for (const { bytes, isFreed, choice } of steps) {
          const numbers = [...cells.contents.keys()];
          const freed = isFreed ? numbers[choice % Math.max(1, numbers.length)] : undefined;
          if (freed === undefined) cells.add(bytes);
          else cells.remove(freed);
        }
        cells.check();
      }),
      { numRuns: 50 },
    );
  });

  it('moves cells out of slabs that are nearly empty', () => {
    const cells = new Cells();
    const numbers = Array.from({ length: 50_000 }, () => cells.add(128));
    const full = cells.allocator.allocatedBytes;
    expect(full).to.be.within(50_000 * 128, Math.ceil((50_000 * 128) / slabBytes) * slabBytes);
    for (const number of numbers) if (number % 100 !== 0) cells.remove(number);
    cells.check();
    // The emptied slabs are used for cells of another class.
    for (let count = 0; count < 8_000; count += 1) cells.add(700);
    cells.check();
    expect(cells.allocator.allocatedBytes).to.be.below(full + slabBytes);
  });

  it('has little memory for few cells', () => {
    const cells = new Cells();
    const numbers = Array.from({ length: 50 }, () => cells.add(128));
    expect(cells.allocator.allocatedBytes).to.equal(16_384);
    for (let count = 0; count < 500; count += 1) numbers.push(cells.add(128));
    cells.check();
    expect(cells.allocator.allocatedBytes).to.equal(131_072);
  });

  it('has slabs of little more than twice the bytes in use, whatever remains of what was allocated', () => {
    const cells = new Cells();
    let mostUsed = 0;
    const lengths = [50, 100, 250, 600, 1_500, 4_000];
    for (const bytes of lengths) {
      const numbers = Array.from({ length: Math.floor(6_000_000 / bytes) }, () => cells.add(bytes));
      mostUsed = Math.max(mostUsed, cells.allocator.usedBytes);
      for (const number of numbers) if (number % 200 !== 0) cells.remove(number);
    }
    cells.check();
    expect(cells.allocator.allocatedBytes).to.be.below(1.1 * mostUsed + lengths.length * slabBytes);
  });

  it('frees the memory of a cell that does not fit a slab', () => {
    const cells = new Cells();
    const number = cells.add(1_000_000);
    expect(cells.allocator.allocatedBytes).to.be.at.least(1_000_000);
    cells.check();
    cells.remove(number);
    expect(cells.allocator.allocatedBytes).to.equal(0);
    expect(cells.allocator.usedBytes).to.equal(0);
  });

  it('rejects a cell that does not exist', () => {
    expect(() => new Cells().allocator.viewOf(0)).to.throw(RangeError, 'no cell 0');
  });
});
