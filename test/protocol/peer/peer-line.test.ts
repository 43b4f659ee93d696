import { expect } from 'chai';
import fc from 'fast-check';

import { Digest, partitionCount } from '../../../src/protocol/place/digest.js';
import { asClientId, asServerId, type ServerId } from '../../../src/protocol/place/ids.js';
import {
  caughtUpLine,
  comparedLine,
  formatPeerAt,
  formatPeerLine,
  parsePeerLine,
  maxPeerLineBytes,
  type HeartbeatLine,
  type HelloLine,
} from '../../../src/protocol/peer/peer-line.js';
import {
  byteStrings,
  invalidUtf8,
  locationFromFields,
  locations,
  notWhiteSpace,
  peerLines,
  serverIds,
} from '../../support/arbitraries.js';

function server(name: string): ServerId {
  return asServerId(name) ?? expect.fail(`${name} is no server`);
}

function expectInvalid(lines: readonly string[]): void {
  for (const line of lines) expect(parsePeerLine(line), JSON.stringify(line)).to.deep.equal({ kind: 'invalid' });
}

describe('a line between servers', () => {
  it('[PE2] may be 256 bytes longer than a line of a client, and 3072 bytes in any case', () => {
    expect(maxPeerLineBytes(4_096)).to.equal(4_352);
    expect(maxPeerLineBytes(256)).to.equal(3_072);
  });

  it('[PE2] has room for a digest, and for the leaf hashes of any partition', () => {
    const digest = new Digest();
    const sent = [
      {
        kind: 'DIGEST' as const,
        partitionHashes: digest.encodePartitionHashes(),
        horizon: { seconds: 999_999_999_999_999, nanoseconds: 999_999_999 },
      },
      {
        kind: 'LEAVES' as const,
        partition: partitionCount - 1,
        leafHashes: digest.encodeLeafHashes(partitionCount - 1),
      },
    ];
    for (const line of sent) expect(formatPeerLine(line)).to.have.length.at.most(maxPeerLineBytes(256));
  });

  it('is parsed as it was formatted', () => {
    fc.assert(
      fc.property(peerLines, (sent) => {
        expect(parsePeerLine(formatPeerLine(sent))).to.deep.equal(sent);
      }),
      { numRuns: 1_000 },
    );
  });

  it('[PE2] has room for the longest report of a client, over the servers with the longest names', () => {
    const name = server('x'.repeat(64));
    const time = '9'.repeat(15);
    const command = `IAMAT ${'k'.repeat(4_000)} +1+2 ${time}`;
    const client = 'k'.repeat(4_000);
    const known = locationFromFields({ client, position: '+1+2', time, server: name, skew: `-${time}.999999999` });
    expect(formatPeerAt(known, name)).to.have.length.at.most(maxPeerLineBytes(command.length));
  });

  it('[PE12] is nothing else', () => {
    expectInvalid([
      '',
      ' ',
      'caught-up',
      'CAUGHTUP',
      'beat',
      'BEAT',
      'COMPARED-',
      'AT',
      'HELLO',
      'PING',
      'LEAVES',
      'SEEK',
    ]);
    expectInvalid([
      'IAMAT kiwi +1+2 5',
      'WHATSAT kiwi 1 2',
      '? CAUGHT-UP',
      'hello 1 twitter Blake Bryant',
      '\0',
      '\xFF',
    ]);
  });

  it('[PE12] may be any bytes, and parsing it never throws', () => {
    const words = [
      'GOODBYE',
      'AT',
      'HELLO',
      'PROOF',
      'REFUSED',
      'DIGEST',
      'LEAVES',
      'SEEK',
      'UNKNOWN',
      'COMPARED',
      'CAUGHT-UP',
      'BEAT',
    ];
    fc.assert(
      fc.property(fc.constantFrom('', ...words), byteStrings(), (start, rest) => {
        expect(parsePeerLine(`${start} ${rest}`).kind).to.be.oneOf([...words, 'invalid']);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a hello', () => {
  const [from, to] = [server('Blake'), server('Bryant')];
  const hello: HelloLine = { kind: 'HELLO', version: '3', herd: 'twitter', from, to, nonce: undefined };

  it('[PE3] contains version, herd, sender and receiver', () => {
    expect(formatPeerLine(hello)).to.equal('HELLO 3 twitter Blake Bryant');
    expect(parsePeerLine('HELLO 3 twitter Blake Bryant')).to.deep.equal(hello);
  });

  it('[PE3] may contain a nonce after them', () => {
    const withNonce = { ...hello, nonce: 'Q8e9VC_4zecVWQ-30PwTyw' };
    expect(formatPeerLine(withNonce)).to.equal('HELLO 3 twitter Blake Bryant Q8e9VC_4zecVWQ-30PwTyw');
    expect(parsePeerLine(formatPeerLine(withNonce))).to.deep.equal(withNonce);
  });

  it('[PE3] may have further fields, of whatever version', () => {
    const later = { ...hello, version: '2', nonce: 'nonce' };
    expect(parsePeerLine('HELLO 2 twitter Blake Bryant nonce \xFF more')).to.deep.equal(later);
  });

  it('[PE3] is invalid if it is shorter, or contains an invalid server ID', () => {
    expectInvalid(['HELLO ', 'HELLO 3', 'HELLO 3 twitter', 'HELLO 3 twitter Blake']);
    expectInvalid([
      'HELLO 3 twitter ../x Bryant',
      'HELLO 3 twitter Blake \xE9',
      `HELLO 3 twitter Blake ${'x'.repeat(65)}`,
    ]);
  });
});

describe('a refusal', () => {
  it('[PE5] contains the reason', () => {
    const reason = 'Blake belongs to herd places, Bryant to herd twitter';
    const line = formatPeerLine({ kind: 'REFUSED', reason });
    expect(line).to.equal('REFUSED Blake belongs to herd places, Bryant to herd twitter');
    expect(parsePeerLine(line)).to.deep.equal({ kind: 'REFUSED', reason });
  });
});

describe('a location between servers', () => {
  const at = 'AT Blake +0.563873386 kiwi.cs.ucla.edu +27.5916+086.5640 1353118103.108893381';

  it('[PE9] is the AT line and its forwarder', () => {
    const parsed = parsePeerLine(`${at} Bryant`);
    expect(parsed).to.deep.include({ kind: 'AT', forwarder: 'Bryant' });
    if (parsed.kind !== 'AT') return;
    expect(parsed.location.line).to.equal(at);
    expect(formatPeerAt(parsed.location, server('Gasol'))).to.equal(`${at} Gasol`);
  });

  it('[PE9] is parsed as it was formatted', () => {
    fc.assert(
      fc.property(locations, serverIds, (known, forwarder) => {
        expect(parsePeerLine(formatPeerAt(known, forwarder))).to.deep.equal({ kind: 'AT', location: known, forwarder });
      }),
    );
  });

  it('[PE10] is validated field by field', () => {
    const good = ['AT', 'Blake', '+0.563873386', 'kiwi', '+27.5916+086.5640', '1353118103.108893381', 'Bryant'];
    const bad: readonly (readonly [field: number, text: string])[] = [
      [1, '-Blake'],
      [1, 'Bl\xE9'],
      [1, 'x'.repeat(65)],
      [2, '0.563873386'],
      [2, '+0.56387338'],
      [2, '+0.5638733860'],
      [2, '+.563873386'],
      [2, '+1e3'],
      [2, '+1'],
      [2, '+1.'],
      [2, `+${'9'.repeat(16)}.000000000`],
      [4, '+27.5916'],
      [4, '+90.1+0'],
      [4, '+34.+118.'],
      [5, '-1'],
      [5, '1e9'],
      [5, '9'.repeat(16)],
      [6, '../Bryant'],
      [6, '?'],
    ];
    expect(parsePeerLine(good.join(' ')).kind).to.equal('AT');
    expectInvalid(bad.map(([field, text]) => good.with(field, text).join(' ')));
  });

  it('[PE10] has seven fields', () => {
    expectInvalid([at, `${at} `, `${at} Bryant Gasol`, `${at} Bryant x`, 'AT ', 'AT Blake']);
  });

  it('[PE11] is forwarded unchanged, whatever its client ID', () => {
    const unusual = [...notWhiteSpace, ...invalidUtf8].map((client) =>
      locationFromFields({ client, time: '1.5000000001' }),
    );
    fc.assert(
      fc.property(fc.oneof(locations, fc.constantFrom(...unusual)), fc.array(serverIds), (known, path) => {
        let held = known;
        for (const forwarder of path) {
          const incoming = parsePeerLine(formatPeerAt(held, forwarder));
          if (incoming.kind !== 'AT') expect.fail(formatPeerAt(held, forwarder));
          held = incoming.location;
        }
        expect(held).to.deep.equal(known);
      }),
    );
  });
});

describe('a proof', () => {
  it('[PE20] [PE21] has one field for each secret, of which at most four are verified', () => {
    expect(formatPeerLine({ kind: 'PROOF', proofs: ['one', 'two'] })).to.equal('PROOF one two');
    expect(parsePeerLine('PROOF one two')).to.deep.equal({ kind: 'PROOF', proofs: ['one', 'two'] });
    expect(parsePeerLine('PROOF')).to.deep.equal({ kind: 'PROOF', proofs: [] });
    const many = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    expect(parsePeerLine(`PROOF ${many.join(' ')}`)).to.deep.equal({ kind: 'PROOF', proofs: many.slice(0, 4) });
  });
});

describe('a comparison of digests', () => {
  it('[PE14] uses DIGEST, LEAVES, COMPARED and CAUGHT-UP', () => {
    expect(parsePeerLine('DIGEST AAAA')).to.deep.equal({ kind: 'DIGEST', partitionHashes: 'AAAA', horizon: undefined });
    const horizon = { seconds: 12, nanoseconds: 500_000_000 };
    expect(parsePeerLine('DIGEST AAAA 12.5')).to.deep.equal({ kind: 'DIGEST', partitionHashes: 'AAAA', horizon });
    expect(parsePeerLine('DIGEST AAAA soon')).to.deep.equal({
      kind: 'DIGEST',
      partitionHashes: 'AAAA',
      horizon: undefined,
    });
    expect(parsePeerLine('LEAVES 224 AAAA')).to.deep.equal({ kind: 'LEAVES', partition: 224, leafHashes: 'AAAA' });
    expect([comparedLine, caughtUpLine].map(formatPeerLine)).to.deep.equal(['COMPARED', 'CAUGHT-UP']);
    expect(['COMPARED', 'CAUGHT-UP'].map(parsePeerLine)).to.deep.equal([comparedLine, caughtUpLine]);
  });

  it('[PE12] accepts leaf hashes only of an existing partition', () => {
    expectInvalid(['LEAVES 256 AAAA', 'LEAVES 1000 AAAA', 'LEAVES -1 AAAA', 'LEAVES 1.5 AAAA', 'LEAVES x AAAA']);
    expectInvalid(['LEAVES 3', 'LEAVES']);
    expect(parsePeerLine('LEAVES 255 AAAA').kind).to.equal('LEAVES');
  });
});

describe('a lookup', () => {
  it('[PE24] is SEEK with id, hops and client, and UNKNOWN with the id', () => {
    const client = asClientId('kiwi\xFF');
    const lookupLine = { kind: 'SEEK' as const, id: 'Blake:1x', hops: 16, client };
    expect(formatPeerLine(lookupLine)).to.equal('SEEK Blake:1x 16 kiwi\xFF');
    expect(parsePeerLine('SEEK Blake:1x 16 kiwi\xFF')).to.deep.equal(lookupLine);
    expect(parsePeerLine('UNKNOWN Blake:1x')).to.deep.equal({ kind: 'UNKNOWN', id: 'Blake:1x' });
  });

  it('[PE12] has four fields, and hops that are a number', () => {
    expectInvalid([
      'SEEK',
      'SEEK a',
      'SEEK a 1',
      'SEEK a 1 kiwi more',
      'SEEK a -1 kiwi',
      'SEEK a 1e1 kiwi',
      'SEEK a 1000 kiwi',
    ]);
  });
});

describe('a heartbeat', () => {
  const beat: HeartbeatLine = { kind: 'BEAT', clock: { seconds: 1_700_000_000, nanoseconds: 5 } };

  it("[PE23] is a word and the sender's time of day", () => {
    expect(formatPeerLine(beat)).to.equal('BEAT 1700000000.000000005');
    expect(parsePeerLine('BEAT 1700000000.000000005')).to.deep.equal(beat);
  });

  it('[PE23] [PE12] is invalid without a time, or with further fields', () => {
    expectInvalid(['BEAT', 'BEAT -1', 'BEAT now', 'BEAT 1e9', 'BEAT 1700000000 1', `BEAT ${'9'.repeat(16)}`]);
  });
});
