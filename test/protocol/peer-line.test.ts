import { expect } from 'chai';
import fc from 'fast-check';

import { asServerId, type ServerId } from '../../src/protocol/ids.js';
import { formatAt } from '../../src/protocol/location.js';
import {
  formatCaughtUp,
  formatHello,
  formatPeerAt,
  formatRefused,
  parsePeerLine,
  peerLineBytesMax,
  peerProtocolVersion,
} from '../../src/protocol/peer-line.js';
import { byteStrings, invalidUtf8, location, locations, notWhiteSpace, serverIds } from './arbitraries.js';

function server(name: string): ServerId {
  return asServerId(name) ?? expect.fail(`${name} is no server`);
}

function expectInvalid(lines: readonly string[]): void {
  for (const line of lines) expect(parsePeerLine(line), JSON.stringify(line)).to.deep.equal({ kind: 'invalid' });
}

describe('a line between servers', () => {
  it('[PE2] may be 256 bytes longer than a line of a client', () => {
    expect(peerLineBytesMax(4_096)).to.equal(4_352);
  });

  it('[PE2] has room for the longest report of a client, over the servers with the longest names', () => {
    const name = server('x'.repeat(64));
    const time = '9'.repeat(15);
    const command = `IAMAT ${'k'.repeat(4_000)} +1+2 ${time}`;
    const client = 'k'.repeat(4_000);
    const known = location({ client, position: '+1+2', time, server: name, skew: `-${time}.999999999` });
    expect(formatPeerAt(known, name)).to.have.length.at.most(peerLineBytesMax(command.length));
  });

  it('[PE12] is nothing else', () => {
    expectInvalid(['', ' ', 'CAUGHT-UP ', ' CAUGHT-UP', 'caught-up', 'CAUGHT-UP\r', 'REFUSED', 'AT', 'HELLO', 'PING']);
    expectInvalid([
      'IAMAT kiwi +1+2 5',
      'WHATSAT kiwi 1 2',
      '? CAUGHT-UP',
      'hello 1 twitter Blake Bryant',
      '\0',
      '\xFF',
    ]);
  });

  it('[PE12] may be any bytes, and reading it never throws', () => {
    const starts = fc.constantFrom('', 'AT ', 'HELLO ', 'REFUSED ', 'CAUGHT-UP');
    fc.assert(
      fc.property(starts, byteStrings(), (start, rest) => {
        expect(parsePeerLine(start + rest).kind).to.be.oneOf(['AT', 'HELLO', 'REFUSED', 'CAUGHT-UP', 'invalid']);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a hello', () => {
  it('[PE3] says version, herd, who speaks and to whom', () => {
    const hello = { version: '1', herd: 'twitter', from: server('Blake'), to: server('Bryant') };
    expect(formatHello(hello)).to.equal('HELLO 1 twitter Blake Bryant');
    expect(parsePeerLine('HELLO 1 twitter Blake Bryant')).to.deep.equal({ kind: 'HELLO', ...hello });
    expect(peerProtocolVersion).to.equal('1');
  });

  it('[PE3] is read as it was written', () => {
    fc.assert(
      fc.property(serverIds, serverIds, serverIds, fc.nat().map(String), (herd, from, to, version) => {
        const hello = { version, herd, from, to };
        expect(parsePeerLine(formatHello(hello))).to.deep.equal({ kind: 'HELLO', ...hello });
      }),
    );
  });

  it('[PE3] may have further fields, of whatever version', () => {
    const hello = { kind: 'HELLO', version: '2', herd: 'twitter', from: 'Blake', to: 'Bryant' };
    expect(parsePeerLine('HELLO 2 twitter Blake Bryant secret \xFF more')).to.deep.equal(hello);
  });

  it('[PE3] is not shorter, and names servers', () => {
    expectInvalid(['HELLO ', 'HELLO 1', 'HELLO 1 twitter', 'HELLO 1 twitter Blake', 'HELLO\t1 twitter Blake Bryant']);
    expectInvalid([
      'HELLO 1 twitter ../x Bryant',
      'HELLO 1 twitter Blake \xE9',
      `HELLO 1 twitter Blake ${'x'.repeat(65)}`,
    ]);
  });
});

describe('a refusal', () => {
  it('[PE5] says why', () => {
    const reason = 'herd places there, herd twitter here';
    expect(formatRefused(reason)).to.equal('REFUSED herd places there, herd twitter here');
    expect(parsePeerLine(formatRefused(reason))).to.deep.equal({ kind: 'REFUSED', reason });
  });

  it('[PE5] is read as it was written', () => {
    fc.assert(
      fc.property(byteStrings(), (reason) => {
        expect(parsePeerLine(formatRefused(reason))).to.deep.equal({ kind: 'REFUSED', reason });
      }),
    );
  });
});

describe('a location between servers', () => {
  const at = 'AT Blake +0.563873386 kiwi.cs.ucla.edu +27.5916+086.5640 1353118103.108893381';

  it('[PE9] is the AT line and its forwarder', () => {
    const parsed = parsePeerLine(`${at} Bryant`);
    expect(parsed).to.deep.include({ kind: 'AT', forwarder: 'Bryant' });
    if (parsed.kind !== 'AT') return;
    expect(formatAt(parsed.location)).to.equal(at);
    expect(formatPeerAt(parsed.location, server('Gasol'))).to.equal(`${at} Gasol`);
  });

  it('[PE9] is read as it was written', () => {
    fc.assert(
      fc.property(locations, serverIds, (known, forwarder) => {
        expect(parsePeerLine(formatPeerAt(known, forwarder))).to.deep.equal({ kind: 'AT', location: known, forwarder });
      }),
    );
  });

  it('[PE10] is checked field by field', () => {
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
    expectInvalid([
      at,
      `${at} `,
      `${at} Bryant Gasol`,
      `${at} Bryant x`,
      'AT ',
      'AT Blake',
      `AT\t${at.slice(3)} Bryant`,
    ]);
  });

  it('[PE11] crosses the herd unchanged, whatever its client is called', () => {
    const strange = [...notWhiteSpace, ...invalidUtf8].map((client) => location({ client, time: '1.5000000001' }));
    fc.assert(
      fc.property(fc.oneof(locations, fc.constantFrom(...strange)), fc.array(serverIds), (known, path) => {
        let held = known;
        for (const forwarder of path) {
          const heard = parsePeerLine(formatPeerAt(held, forwarder));
          if (heard.kind !== 'AT') expect.fail(formatPeerAt(held, forwarder));
          held = heard.location;
        }
        expect(held).to.deep.equal(known);
      }),
    );
  });
});

describe('the end of a catch-up', () => {
  it('[PE14] is a line of its own', () => {
    expect(formatCaughtUp()).to.equal('CAUGHT-UP');
    expect(parsePeerLine('CAUGHT-UP')).to.deep.equal({ kind: 'CAUGHT-UP' });
  });
});
