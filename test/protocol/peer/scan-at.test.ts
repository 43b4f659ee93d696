import { expect } from 'chai';

import { parsePeerLine } from '../../../src/protocol/peer/peer-line.js';
import { PeerAtScanner } from '../../../src/protocol/peer/scan-at.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareGenerated } from '../../support/differential.js';
import { expectRow, isPrintableLine } from '../../support/expect-row.js';

const forwarders = ['Bryant', 'x', 'A_server-with-an-ID-of-64-bytes'.padEnd(64, '0')].map((id) => id as ServerId);

/** Scans lines, and compares each with what the text parser makes of it. */
class Comparison {
  private readonly scanner: PeerAtScanner;
  private readonly batch = new LocationBatch();
  private lineNumber = 0;

  constructor(private readonly forwarder: ServerId) {
    this.scanner = new PeerAtScanner(forwarder);
  }

  readonly compare = (line: string): boolean => {
    const { batch, scanner } = this;
    this.lineNumber += 1;
    // Bytes that would continue a field, at any alignment.
    const start = this.lineNumber % 5;
    batch.borrow(WordBuffer.of(`${'9'.repeat(start)}${line}9`));
    const isAccepted = scanner.scan(start, start + line.length, batch);
    const parsed = parsePeerLine(line);
    const expected = parsed.kind === 'AT' && parsed.forwarder === this.forwarder ? parsed.location.line : undefined;
    expect(isAccepted, 'accepted').to.equal(expected !== undefined);
    if (expected === undefined) {
      expect([batch.count, batch.isPrintable]).to.deep.equal([0, true]);
      return false;
    }
    expect(batch.count).to.equal(1);
    expectRow(batch, 0, expected);
    expect(batch.isPrintable, 'printable').to.equal(isPrintableLine(line));
    return true;
  };
}

describe('PeerAtScanner', () => {
  for (const forwarder of forwarders) {
    it(`[PE10] reads the AT lines that the text parser reads from ${forwarder}`, () => {
      const { valid, invalid } = compareGenerated(
        (generator) => generator.peerAt(forwarder),
        new Comparison(forwarder).compare,
      );
      expect(Math.min(valid, invalid) / (valid + invalid)).to.be.above(0.2);
    });
  }

  it('adds a row for each line of a buffer that has several', () => {
    const lines = [
      'AT Blake +0.5 kiwi +1+2 5 Bryant',
      'AT a -61.000000001 kiwi +1+2 5 Bryant',
      'AT b -1.000000000 k +1+2 5 Bryant',
    ];
    const batch = new LocationBatch().borrow(WordBuffer.of(lines.join('\n')));
    const scanner = new PeerAtScanner('Bryant' as ServerId);
    let start = 0;
    const accepted = lines.map((line) => {
      const isAccepted = scanner.scan(start, start + line.length, batch);
      start += line.length + 1;
      return isAccepted;
    });
    expect(accepted).to.deep.equal([false, true, true]);
    expectRow(batch, 0, 'AT a -61.000000001 kiwi +1+2 5');
    expectRow(batch, 1, 'AT b -1.000000000 k +1+2 5');
    expect(batch.count).to.equal(2);
  });
});
