import { expect } from 'chai';

import type { ByteString } from '../../src/protocol/text/byte-string.js';
import { leafOf } from '../../src/protocol/place/digest.js';
import {
  clientEndColumn,
  clientStartColumn,
  columnsPerRow,
  endColumn,
  hashHighColumn,
  hashLowColumn,
  LocationBatch,
  nanosecondsColumn,
  leafColumn,
  startColumn,
} from '../../src/protocol/place/location-batch.js';
import { parseAt } from '../../src/protocol/place/location.js';

/** Expects a row of a batch to hold the line, and all numbers that the text parser finds in it. */
export function expectRow(batch: LocationBatch, row: number, line: ByteString): void {
  expect(batch.location(row).line).to.equal(line);
  const location = parseAt(line) ?? expect.fail('not an AT line');
  expect(numbersOf(batch, row)).to.deep.equal(numbersOf(LocationBatch.of([location]), 0));
  const { client, clientOffset, effective, leaf } = location;
  const start = batch.columns[row * columnsPerRow + startColumn] ?? 0;
  const { clientStart, clientEnd, seconds, nanoseconds, leaf: actualLeaf } = numbersOf(batch, row);
  expect(batch.buffer.text(start + clientStart, start + clientEnd)).to.equal(client);
  expect([clientStart, { seconds, nanoseconds }]).to.deep.equal([clientOffset, effective]);
  expect(actualLeaf).to.equal(leaf).and.to.equal(leafOf(client));
}

/** Whether a line consists of printable ASCII and spaces. */
export function isPrintableLine(line: ByteString): boolean {
  return /^[ -~]*$/.test(line);
}

/** The numbers of a row; places are relative to the start of its line. */
function numbersOf({ columns, effectiveSeconds }: LocationBatch, row: number) {
  const column = (index: number) => columns[row * columnsPerRow + index] ?? expect.fail(`no row ${row}`);
  const start = column(startColumn);
  return {
    end: column(endColumn) - start,
    clientStart: column(clientStartColumn) - start,
    clientEnd: column(clientEndColumn) - start,
    seconds: effectiveSeconds[row],
    nanoseconds: column(nanosecondsColumn),
    leaf: column(leafColumn),
    hashLow: column(hashLowColumn),
    hashHigh: column(hashHighColumn),
  };
}
