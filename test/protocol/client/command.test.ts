import { expect } from 'chai';
import fc from 'fast-check';

import type { ByteString } from '../../../src/protocol/text/bytes.js';
import { allClients, formatInvalid, parseCommand, type Command } from '../../../src/protocol/client/command.js';
import { formatPeerAt, formatPeerLine } from '../../../src/protocol/peer/peer-line.js';
import {
  byteStrings,
  clientIds,
  parseInstant,
  invalidUtf8,
  lines,
  locations,
  notWhiteSpace,
  peerLines,
  positions,
  separators,
  serverIds,
  times,
  whiteSpaceBytes,
} from '../../support/arbitraries.js';

const maxCount = 100;
const maxRadiusKm = Infinity;
const maxClientIdBytes = 1_024;
const invalid: Command = { kind: 'invalid' };

function parse(line: ByteString): Command {
  return parseCommand(line, { maxCount, maxRadiusKm, maxClientIdBytes });
}

function expectInvalid(commands: readonly ByteString[]): void {
  for (const line of commands) expect(parse(line), JSON.stringify(line)).to.deep.equal(invalid);
}

describe('parseCommand', () => {
  it('[CM1] parses the four commands, in capitals', () => {
    expect(parse('IAMAT kiwi +1+2 5').kind).to.equal('IAMAT');
    expect(parse('WHATSAT kiwi 1 2').kind).to.equal('WHATSAT');
    expect(parse('WATCH kiwi').kind).to.equal('WATCH');
    expect(parse('UNWATCH').kind).to.equal('UNWATCH');
    expectInvalid(['watch kiwi', 'Watch kiwi', 'WATCHING kiwi', 'WATCH: kiwi', 'unwatch', 'UNWATCHED', 'kiwi WATCH']);
    expectInvalid(['iamat kiwi +1+2 5', 'Iamat kiwi +1+2 5', 'whatsat kiwi 1 2', 'WhatsAt kiwi 1 2']);
    expectInvalid([
      'AT kiwi +1+2 5',
      'IAMAT: kiwi +1+2 5',
      'IAMATkiwi a +1+2 5',
      'WHATSAT kiwi +1+2 5',
      'IAMAT kiwi 1 2',
    ]);
    expectInvalid([
      '__proto__ kiwi 1 2',
      'constructor kiwi 1 2',
      '\0IAMAT kiwi +1+2 5',
      '\xEF\xBB\xBFIAMAT kiwi +1+2 5',
    ]);
  });

  it('[CM2] requires two fields for WATCH, and one or two for UNWATCH', () => {
    expect(parse('WATCH *')).to.deep.equal({ kind: 'WATCH', client: allClients });
    expect(parse('\tWATCH \v kiwi\r')).to.deep.equal({ kind: 'WATCH', client: 'kiwi' });
    expect(parse(' UNWATCH ')).to.deep.equal({ kind: 'UNWATCH', client: undefined });
    expect(parse('UNWATCH *')).to.deep.equal({ kind: 'UNWATCH', client: allClients });
    expectInvalid(['WATCH', ' WATCH ', 'WATCH kiwi moa', 'UNWATCH kiwi moa', 'WATCH kiwi 1 2', 'UNWATCH kiwi 1 2']);
  });

  it('[CM2] requires four fields for the others', () => {
    expectInvalid([
      'IAMAT',
      'IAMAT kiwi',
      'IAMAT kiwi +1+2',
      'IAMAT kiwi +1+2 5 6',
      'IAMAT a b +1+2 5',
      'IAMAT +1+2 5',
    ]);
    expectInvalid([
      'WHATSAT',
      'WHATSAT kiwi',
      'WHATSAT kiwi 1',
      'WHATSAT kiwi 1 2 3',
      'WHATSAT 1 2',
      'IAMAT kiwi +1 +2 5',
    ]);
  });

  it('[CM4] accepts any field as a client ID, byte for byte', () => {
    const unusual = ['IAMAT', '?', '%s', '__proto__', '1', '+1+2', ...notWhiteSpace, ...invalidUtf8];
    for (const client of [...unusual, ...unusual.map((bytes) => `${bytes}kiwi${bytes}`)]) {
      expect(parse(`IAMAT ${client} +1+2 5`), JSON.stringify(client)).to.include({ kind: 'IAMAT', client });
      expect(parse(`WHATSAT ${client} 1 2`), JSON.stringify(client)).to.include({ kind: 'WHATSAT', client });
      expect(parse(`WATCH ${client}`), JSON.stringify(client)).to.deep.equal({ kind: 'WATCH', client });
    }
  });

  it('[CM6] accepts a client ID, a position and a time up to their maximum length, and none longer', () => {
    const id = 'k'.repeat(maxClientIdBytes);
    const position = `+1.${'0'.repeat(58)}+10`;
    const time = `5.${'0'.repeat(62)}`;
    expect([position.length, time.length]).to.deep.equal([64, 64]);
    expect(parse(` IAMAT ${id}  ${position} ${time}\r`)).to.include({ kind: 'IAMAT', client: id, position, time });
    for (const line of [`WHATSAT ${id} 1 2`, `WATCH ${id}`, `UNWATCH ${id}`]) {
      expect(parse(line), line.slice(0, 10)).to.include({ client: id });
      expectInvalid([line.replace('k', 'kk')]);
    }
    expectInvalid([`IAMAT ${id}k +1+2 5`, `IAMAT k ${position}0 5`, `IAMAT k +1+2 ${time}0`]);
    const bounds = { maxCount, maxRadiusKm, maxClientIdBytes: 4 };
    expect(parseCommand('IAMAT kiwi +1+2 5', bounds).kind).to.equal('IAMAT');
    expect(parseCommand('IAMAT kiwis +1+2 5', bounds)).to.deep.equal(invalid);
  });

  it('[FR8] separates fields at each of the six bytes', () => {
    for (const byte of whiteSpaceBytes) {
      expect(parse(['IAMAT', 'kiwi', '+1+2', '5'].join(byte)), JSON.stringify(byte)).to.include({ kind: 'IAMAT' });
      expect(parse(['', 'WHATSAT', 'kiwi', '1', '2', ''].join(byte)), JSON.stringify(byte)).to.include({
        kind: 'WHATSAT',
      });
    }
    for (const bytes of notWhiteSpace) expectInvalid([['IAMAT', 'kiwi', '+1+2', '5'].join(bytes)]);
  });

  it('[IA2] returns the fields of any IAMAT unchanged', () => {
    fc.assert(
      fc.property(separators, clientIds, positions, times, (separator, client, position, time) => {
        const line = ['', 'IAMAT', client, position, time, ''].join(separator);
        expect(parse(line)).to.deep.equal({ kind: 'IAMAT', client, position, time, instant: parseInstant(time) });
      }),
    );
  });

  it('[IA5] rejects an IAMAT without a position and a time', () => {
    expectInvalid(['IAMAT kiwi +90.1+2 5', 'IAMAT kiwi +1+180.1 5', 'IAMAT kiwi 1+2 5', 'IAMAT kiwi +34.+118. 5']);
    expectInvalid([
      'IAMAT kiwi +1+2/ 5',
      'IAMAT kiwi +1+2 -5',
      'IAMAT kiwi +1+2 1e9',
      'IAMAT kiwi +1+2 5.',
      'IAMAT kiwi 5 +1+2',
    ]);
    expectInvalid(['IAMAT kiwi +1+2 NaN', 'IAMAT kiwi +1+2 2012-11-17T02:08:23Z', `IAMAT kiwi +1+2 ${'9'.repeat(16)}`]);
  });

  it('[WH2] accepts a finite decimal number of kilometres', () => {
    const cases = [
      ['0', 0],
      ['13', 13],
      ['007', 7],
      ['0.25', 0.25],
      ['0.0', 0],
      ['2500.0001', 2500.0001],
      ['999999999999', 999_999_999_999],
      [`1${'0'.repeat(308)}`, 1e308],
      [`0.${'0'.repeat(400)}1`, 0],
      [`${'0'.repeat(400)}1`, 1],
    ] as const;
    for (const [radius, radiusKm] of cases) {
      expect(parse(`WHATSAT kiwi ${radius} 2`), radius).to.deep.include({ kind: 'WHATSAT', radiusKm });
    }
  });

  it('[WH2] rejects any other radius', () => {
    const others = [
      '-1',
      '+1',
      '-0',
      '1e3',
      '1E3',
      '.5',
      '5.',
      '.',
      '1.2.3',
      '1,5',
      '0x10',
      'NaN',
      'Infinity',
      '10km',
      '\xB2',
    ];
    const huge = ['9'.repeat(400), `1${'0'.repeat(309)}`, `${'9'.repeat(400)}.5`];
    expectInvalid([...others, ...huge].map((radius) => `WHATSAT kiwi ${radius} 2`));
  });

  it('[WH4] accepts an integer up to the maximum count', () => {
    for (const [written, count] of [
      ['0', 0],
      ['1', 1],
      ['020', 20],
      ['100', 100],
      [`${'0'.repeat(400)}100`, 100],
    ] as const) {
      expect(parse(`WHATSAT kiwi 1 ${written}`), written).to.deep.include({ kind: 'WHATSAT', count });
    }
    expect(parseCommand('WHATSAT kiwi 1 20', { maxCount: 20, maxRadiusKm, maxClientIdBytes })).to.deep.include({
      kind: 'WHATSAT',
      count: 20,
    });
    expect(parseCommand('WHATSAT kiwi 1 21', { maxCount: 20, maxRadiusKm, maxClientIdBytes })).to.deep.equal(invalid);
  });

  it('[WH4] rejects any other count', () => {
    const others = [
      '-1',
      '+1',
      '-0',
      '2.0',
      '2.',
      '1e1',
      '0x1',
      '101',
      '1000',
      'NaN',
      'Infinity',
      'two',
      '9'.repeat(400),
    ];
    expectInvalid(others.map((count) => `WHATSAT kiwi 1 ${count}`));
  });

  it('[WH2] [WH4] parses any formatted WHATSAT', () => {
    const radii = fc.double({ min: 0, max: 1e6, noNaN: true }).map((radius) => Number(radius.toFixed(6)));
    fc.assert(
      fc.property(separators, clientIds, radii, fc.nat(maxCount), (separator, client, radiusKm, count) => {
        const line = ['WHATSAT', client, radiusKm.toFixed(6), String(count)].join(separator);
        expect(parse(line)).to.deep.equal({ kind: 'WHATSAT', client, radiusKm, count });
      }),
    );
  });

  it('[IN1] parses any bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(lines, byteStrings()), (line) => {
        expect(parse(line).kind).to.be.oneOf(['IAMAT', 'WHATSAT', 'invalid']);
      }),
      { numRuns: 1_000 },
    );
  });

  it('[IN2] rejects the empty line, and one of white space', () => {
    expectInvalid(['', ' ', '\r', '\t\v\f ', whiteSpaceBytes.join('')]);
  });

  it('[IN3] rejects lines of a server', () => {
    fc.assert(
      fc.property(locations, serverIds, peerLines, (known, from, sent) => {
        expectInvalid([known.line, formatPeerAt(known, from), formatPeerLine(sent)]);
      }),
    );
  });
});

describe('formatInvalid', () => {
  it('[IN1] returns a mark, a space and the line, byte for byte', () => {
    expect(formatInvalid('\t HELLO  there\r ')).to.equal('? \t HELLO  there\r ');
    fc.assert(fc.property(byteStrings(), (line) => formatInvalid(line) === `? ${line}`));
  });

  it('[IN2] returns a mark and a space for the empty line', () => {
    expect(formatInvalid('')).to.equal('? ');
  });
});
