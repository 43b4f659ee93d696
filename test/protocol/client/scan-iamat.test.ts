import { expect } from 'chai';

import { parseCommand } from '../../../src/protocol/client/command.js';
import { IamatScanner } from '../../../src/protocol/client/scan-iamat.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { acceptReport } from '../../../src/protocol/place/report.js';
import type { Instant } from '../../../src/protocol/place/time.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareGenerated } from '../../support/differential.js';
import { expectRow, isPrintableLine } from '../../support/expect-row.js';
import { defaultLineLimits } from '../../support/line-generator.js';

const server = 'Blake' as ServerId;
const { receivedAt, maxFutureSkewMs, maxClientIdBytes } = defaultLineLimits;
const bounds = { maxClientIdBytes, maxCount: 20, maxRadiusKm: 50 };
const LF = 10;

/** What the text parser makes of a line. */
function atLineOf(line: string, now: Instant): string | undefined {
  const command = parseCommand(line, bounds);
  return command.kind === 'IAMAT' ? acceptReport(command, now, server, maxFutureSkewMs)?.line : undefined;
}

/** Scans lines into one batch, and compares each with what the text parser makes of it. */
class Comparison {
  private readonly scanner = new IamatScanner(server, { ...bounds, maxFutureSkewMs });
  private readonly batch = new LocationBatch().clear();
  private lineNumber = 0;

  constructor(private readonly now: Instant) {}

  readonly compare = (line: string): boolean => {
    const { batch, scanner } = this;
    this.lineNumber += 1;
    if (this.lineNumber % 200 === 0) batch.clear();
    const { count, end } = batch;
    // Bytes that would continue a field, at any alignment.
    const start = this.lineNumber % 5;
    const buffer = WordBuffer.of(`${'9'.repeat(start)}${line}9`);
    batch.isPrintable = true;
    scanner.isInputPrintable = true;
    const isAccepted = scanner.scan(buffer, start, start + line.length, this.now, batch);
    const expected = atLineOf(line, this.now);
    expect(isAccepted, 'accepted').to.equal(expected !== undefined);
    if (expected === undefined) {
      expect([batch.count, batch.end, batch.isPrintable, scanner.isInputPrintable]).to.deep.equal([
        count,
        end,
        true,
        true,
      ]);
      return false;
    }
    expectRow(batch, count, expected);
    expect([batch.count, batch.end]).to.deep.equal([count + 1, end + expected.length + 1]);
    expect(batch.buffer.bytes[batch.end - 1]).to.equal(LF);
    expect(batch.isPrintable, 'printable').to.equal(isPrintableLine(expected));
    expect(scanner.isInputPrintable, 'received printable').to.equal(isPrintableLine(line));
    return true;
  };
}

describe('IamatScanner', () => {
  for (const now of [
    receivedAt,
    { seconds: 0, nanoseconds: 0 },
    { seconds: 1_000_000_000_000_000 - 86_400, nanoseconds: 999_999_999 },
  ]) {
    it(`[IA1] makes the AT lines of the text parser at ${now.seconds} s`, () => {
      const { valid, invalid } = compareGenerated((generator) => generator.iamat(), new Comparison(now).compare, {
        ...defaultLineLimits,
        receivedAt: now,
      });
      if (now === receivedAt) expect(Math.min(valid, invalid) / (valid + invalid)).to.be.above(0.2);
    });
  }

  it('keeps the rows before a line, and the bytes of rejected lines out of the batch', () => {
    const batch = new LocationBatch().clear();
    const scanner = new IamatScanner(server, { ...bounds, maxFutureSkewMs });
    const lines = ['IAMAT kiwi +1-2 1700000000', 'IAMAT kiwi +1-2', 'IAMAT\tlime\t-90.0+180 1700000001.5\r'];
    const accepted = lines.map((line) => scanner.scan(WordBuffer.of(line), 0, line.length, receivedAt, batch));
    expect(accepted).to.deep.equal([true, false, true]);
    expect(batch.buffer.text(0, batch.end)).to.equal(
      'AT Blake +0.563873386 kiwi +1-2 1700000000\nAT Blake -0.936126614 lime -90.0+180 1700000001.5\n',
    );
    expect(batch.isPrintable).to.equal(true);
    expect(scanner.isInputPrintable).to.equal(false);
  });
});
