import { expect } from 'chai';
import fc from 'fast-check';

import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { locations } from '../../support/arbitraries.js';
import { expectRow } from '../../support/expect-row.js';
import { createLocation } from '../../support/fake-location.js';

const suffix = WordBuffer.of(' Bryant');
const many = fc.array(locations, { maxLength: 20 });

function expectRows(batch: LocationBatch, expected: readonly Location[]): void {
  expect(batch.count).to.equal(expected.length);
  for (const [row, { line }] of expected.entries()) expectRow(batch, row, line);
  expect([...batch]).to.deep.equal(expected);
}

function textOf(batch: LocationBatch): string {
  return batch.buffer.text(0, batch.end);
}

const linesOf = (batchLocations: readonly Location[], end = '\n') =>
  batchLocations.map(({ line }) => `${line}${end}`).join('');

/** More locations than a new batch has rows and bytes for. */
const tooMany = Array.from({ length: 200 }, (_, index) => createLocation(`${'phone'.repeat(10)}${index}`, index));

describe('LocationBatch', () => {
  it('holds the lines of locations, and the numbers that are found in their text', () => {
    fc.assert(
      fc.property(many, (held) => {
        const batch = LocationBatch.of(held);
        expectRows(batch, held);
        expect(textOf(batch)).to.equal(linesOf(held));
        expect([...batch.lines()]).to.deep.equal(held.map(({ line }) => line));
      }),
    );
  });

  it('writes a suffix behind each line that is not part of the location', () => {
    fc.assert(
      fc.property(many, (held) => {
        const batch = new LocationBatch().clear();
        for (const location of held) batch.append(location, suffix);
        expectRows(batch, held);
        expect(textOf(batch)).to.equal(linesOf(held, ' Bryant\n'));
        const lines = batch.lines();
        expect([lines.length, lines.areLocations, ...lines]).to.deep.equal([
          held.length,
          true,
          ...held.map(({ line }) => `${line} Bryant`),
        ]);
      }),
    );
  });

  it('copies rows of another batch, with another suffix', () => {
    fc.assert(
      fc.property(many, fc.boolean(), (held, hasSuffix) => {
        const source = new LocationBatch().clear();
        for (const location of held) source.append(location, hasSuffix ? WordBuffer.of(' Metta') : undefined);
        const batch = LocationBatch.of([createLocation('first', 1)]);
        for (let row = source.count - 1; row >= 0; row -= 1) batch.appendRow(source, row, suffix);
        const expected = [createLocation('first', 1), ...held.toReversed()];
        expectRows(batch, expected);
        expect(textOf(batch)).to.equal(linesOf(expected.slice(0, 1)) + linesOf(expected.slice(1), ' Bryant\n'));
        expectRows(source, held);
      }),
    );
  });

  it('copies all rows of another batch, with their suffixes', () => {
    fc.assert(
      fc.property(many, many, (before, held) => {
        const source = new LocationBatch().clear();
        for (const location of held) source.append(location, suffix);
        const batch = LocationBatch.of(before);
        batch.appendAll(source);
        expectRows(batch, [...before, ...held]);
        expect(textOf(batch)).to.equal(linesOf(before) + linesOf(held, ' Bryant\n'));
      }),
    );
  });

  it('refers to a borrowed buffer, and copies from it', () => {
    const location = createLocation('kiwi', 7);
    const buffer = WordBuffer.of(`first\n${location.line} Metta\n`);
    const [start, end] = [6, 6 + location.line.length];
    const borrowing = LocationBatch.of([createLocation('emu', 1)]).borrow(buffer);
    expect([borrowing.count, borrowing.end]).to.deep.equal([0, 0]);
    const clientStart = start + location.clientOffset;
    borrowing.add(start, end, clientStart, clientStart + 4, 7, 0);
    expect(borrowing.buffer).to.equal(buffer);
    expectRows(borrowing, [location]);
    const copy = new LocationBatch().clear();
    copy.appendRow(borrowing, 0, suffix);
    expect(textOf(copy)).to.equal(`${location.line} Bryant\n`);
    borrowing.clear();
    borrowing.append(location);
    expect(borrowing.buffer).to.not.equal(buffer);
    expect(textOf(borrowing)).to.equal(`${location.line}\n`);
  });

  it('removes rows, and keeps the order of the others', () => {
    fc.assert(
      fc.property(many, fc.infiniteStream(fc.boolean()), (held, choices) => {
        const batch = LocationBatch.of(held);
        const kept: Location[] = [];
        for (const [row, location] of held.entries()) {
          if (choices.next().value !== true) continue;
          batch.moveRow(row, kept.length);
          kept.push(location);
        }
        batch.truncate(kept.length);
        expectRows(batch, kept);
      }),
    );
  });

  it('grows in rows and bytes, and keeps what it holds', () => {
    expectRows(LocationBatch.of(tooMany), tooMany);
    const source = LocationBatch.of(tooMany);
    const [byRow, atOnce] = [new LocationBatch().clear(), new LocationBatch().clear()];
    for (let row = 0; row < source.count; row += 1) byRow.appendRow(source, row, suffix);
    atOnce.appendAll(source);
    atOnce.appendAll(byRow);
    expectRows(byRow, tooMany);
    expectRows(atOnce, [...tooMany, ...tooMany]);
  });

  it('is empty after it is cleared, and does not grow when it is filled again', () => {
    const batch = LocationBatch.of(tooMany);
    const { buffer, columns } = batch;
    batch.clear();
    expect([batch.count, batch.end, batch.isPrintable, [...batch]]).to.deep.equal([0, 0, true, []]);
    for (const location of tooMany.toReversed()) batch.append(location);
    expectRows(batch, tooMany.toReversed());
    expect(batch.buffer).to.equal(buffer);
    expect(batch.columns).to.equal(columns);
  });

  it('keeps the places of lines when it makes room for more', () => {
    const batch = LocationBatch.of([createLocation('kiwi', 1)]);
    const { end } = batch;
    batch.reserve(100_000);
    expect(batch.end).to.equal(end);
    expectRows(batch, [createLocation('kiwi', 1)]);
  });

  it('is printable only if all batches that it was copied from are', () => {
    const printable = new LocationBatch().clear();
    const other = LocationBatch.of([createLocation('kiwi', 1)]);
    expect([printable.isPrintable, other.isPrintable]).to.deep.equal([true, false]);
    const copy = new LocationBatch().clear();
    copy.appendAll(printable);
    expect(copy.isPrintable).to.equal(true);
    copy.appendAll(other);
    expect(copy.isPrintable).to.equal(false);
    const rows = new LocationBatch().clear();
    rows.appendRow(other, 0, suffix);
    expect(rows.lines().isPrintable).to.equal(false);
  });
});
