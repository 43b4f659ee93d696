import { expect } from 'chai';
import fc from 'fast-check';
import { hashCount } from '../../../src/actors/store/hash-key.js';
import { LocationIndex, maxEntryBytes } from '../../../src/actors/store/location-index.js';

/** Hashes of which many are equal or adjacent, and that include the least and the greatest. */
const hashes = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, hashCount - 2, hashCount - 1),
  fc.integer({ min: 0, max: hashCount - 1 }),
  fc.integer({ min: 0x6a000000, max: 0x6a000040 }),
);

interface Entry {
  readonly hash: number;
  readonly cell: number;
}

function insert(index: LocationIndex, { hash, cell }: Entry): void {
  for (let known = index.findFirst(hash); known !== 0;) known = index.findNext(hash);
  index.insert(hash, cell);
}

/** Positions the index at an entry. */
function seek(index: LocationIndex, { hash, cell }: Entry): boolean {
  let known = index.findFirst(hash);
  while (known !== 0 && known !== cell) known = index.findNext(hash);
  return known === cell;
}

function cellsOf(index: LocationIndex): number[] {
  const cells: number[] = [];
  expect(index.collect(0, Infinity, cells)).to.equal(undefined);
  return cells;
}

describe('LocationIndex', () => {
  it('behaves like a list in the order of the hashes, also if many hashes are equal', () => {
    const steps = fc.array(fc.record({ hash: hashes, isRemoved: fc.boolean(), choice: fc.nat() }), { maxLength: 600 });
    fc.assert(
      fc.property(steps, (all) => {
        const index = new LocationIndex();
        let entries: Entry[] = [];
        for (const [number, { hash, isRemoved, choice }] of all.entries()) {
          const removed = isRemoved ? entries[choice % Math.max(1, entries.length)] : undefined;
          if (removed === undefined) {
            const added = { hash, cell: number + 1 };
            insert(index, added);
            entries.push(added);
          } else {
            expect(seek(index, removed)).to.equal(true);
            index.remove();
            entries = entries.filter((entry) => entry !== removed);
            expect(seek(index, removed)).to.equal(false);
          }
          expect(index.size).to.equal(entries.length);
        }
        for (const entry of entries) expect(seek(index, entry)).to.equal(true);
        const sorted = entries.toSorted((a, b) => a.hash - b.hash || a.cell - b.cell).map(({ cell }) => cell);
        expect(cellsOf(index)).to.deep.equal(sorted);
      }),
      { numRuns: 100 },
    );
  });

  it('holds thousands of entries with the greatest hash, behind which there are no homes', () => {
    const index = new LocationIndex();
    for (let cell = 1; cell <= 5_000; cell += 1) insert(index, { hash: hashCount - 1, cell });
    insert(index, { hash: 5, cell: 5_001 });
    expect(cellsOf(index)).to.have.lengthOf(5_001);
    expect(seek(index, { hash: hashCount - 1, cell: 5_000 })).to.equal(true);
    expect(index.findFirst(hashCount - 2)).to.equal(0);
    for (let cell = 5_000; cell > 0; cell -= 1) {
      expect(seek(index, { hash: hashCount - 1, cell })).to.equal(true);
      index.remove();
    }
    expect(cellsOf(index)).to.deep.equal([5_001]);
  });

  it('replaces the cell of an entry', () => {
    const index = new LocationIndex();
    insert(index, { hash: 7, cell: 1 });
    insert(index, { hash: 7, cell: 2 });
    seek(index, { hash: 7, cell: 1 });
    index.replace(9);
    expect(cellsOf(index)).to.deep.equal([9, 2]);
  });

  it('ends no page between equal hashes, and continues behind them', () => {
    const index = new LocationIndex();
    for (const [position, hash] of [3, 3, 3, 9, 9, hashCount - 1].entries())
      insert(index, { hash, cell: position + 1 });
    const page = (from: number, max: number) => {
      const cells: number[] = [];
      return { next: index.collect(from, max, cells), cells };
    };
    expect(page(0, 1)).to.deep.equal({ next: 9, cells: [1, 2, 3] });
    expect(page(9, 1)).to.deep.equal({ next: hashCount - 1, cells: [4, 5] });
    expect(page(4, 3)).to.deep.equal({ next: undefined, cells: [4, 5, 6] });
    expect(page(hashCount - 1, 1)).to.deep.equal({ next: undefined, cells: [6] });
    expect(page(hashCount, 1)).to.deep.equal({ next: undefined, cells: [] });
  });

  it('takes no more memory per entry than is counted', () => {
    const index = new LocationIndex();
    for (let cell = 1; cell <= 200_000; cell += 1) {
      insert(index, { hash: Math.imul(cell, 0x9e3779b1) >>> 0, cell });
      if (cell > 1_000 && index.bytes > 1.05 * cell * maxEntryBytes) expect.fail(`${index.bytes} bytes for ${cell}`);
    }
  });
});
