import { expect } from 'chai';
import { formatNatsMessage, parseNatsMessage, type NatsMessage } from '../../../src/protocol/nats/messages.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { PartitionSet } from '../../../src/protocol/place/partition-set.js';

function parse(text: string): NatsMessage | undefined {
  const [header = '', ...rest] = text.split('\n');
  return parseNatsMessage(header, () => rest.filter((line) => line !== ''));
}

const sender = { server: 'Gasol' as ServerId, run: 'r1' };
const held = new PartitionSet();
held.set(7, true);
held.set(255, true);
const empty = new PartitionSet();
const bits = empty.encode();

const valid: readonly NatsMessage[] = [
  { kind: 'PRESENCE', ...sender, version: '1', replicas: 3, isLeaving: false, held, complete: empty },
  { kind: 'PRESENCE', ...sender, version: '1', replicas: Infinity, isLeaving: true, held, complete: held },
  { kind: 'LEAVE', ...sender },
  { kind: 'PUB', ...sender, sequence: 5, floor: 4 },
  { kind: 'PUB', ...sender, sequence: 5, floor: undefined },
  ...(['ask', 'sync', 'answer', 'handover'] as const).map(
    (purpose) =>
      ({
        kind: 'DIGEST',
        ...sender,
        purpose,
        hashes: [
          [0, '0'],
          [255, 'ff00'],
        ],
      }) as const,
  ),
  { kind: 'COMPARE', ...sender, partition: 9, leafHashes: 'AAAA', horizon: undefined },
  { kind: 'PAGE', ...sender, partition: 9, isLast: true },
  { kind: 'PAGE', ...sender, partition: 9, isLast: false },
  ...(['NEXT', 'PULLED', 'MISSED'] as const).map((kind) => ({ kind, ...sender, partition: 255 })),
  {
    kind: 'CONFIRM',
    ...sender,
    confirmed: [
      [0, 1],
      [255, 99],
    ],
  },
];

describe('Messages over NATS', () => {
  it('[NA2][NA4][NA7] are parsed as they were formatted', () => {
    for (const message of valid) {
      const text = formatNatsMessage(message);
      expect(text).to.match(/\n$/);
      expect(parse(text), text).to.deep.equal(message);
    }
  });

  it('[NA4] tells the version of a member with another one, whatever its other fields', () => {
    expect(parse('PRESENCE Gasol r1 2 what')).to.include({ kind: 'PRESENCE', version: '2' });
  });

  for (const text of [
    '',
    'NOTHING Gasol r1',
    'LEAVE',
    'LEAVE Gasol',
    'LEAVE Ga.sol r1',
    'LEAVE Gasol R1',
    'LEAVE Gasol 12345678901234567',
    'PUB Gasol r1',
    'PUB Gasol r1 1',
    'PUB Gasol r1 -1 0',
    'PUB Gasol r1 1 1.5',
    `PRESENCE Gasol r1 1 many active ${bits} ${bits}`,
    `PRESENCE Gasol r1 1 2 active AA ${bits}`,
    `PRESENCE Gasol r1 1 2 active ${bits}`,
    'DIGEST Gasol r1 what\n1 a',
    'DIGEST Gasol r1 ask\n256 a',
    'DIGEST Gasol r1 ask\n1 G',
    'DIGEST Gasol r1 ask\n1',
    'COMPARE Gasol r1 256 AAAA',
    'COMPARE Gasol r1',
    'PAGE Gasol r1 1',
    'PAGE Gasol r1 1 first',
    'PAGE Gasol r1 256 last',
    'NEXT Gasol r1',
    'PULLED Gasol r1 256',
    'MISSED Gasol r1 x',
    'CONFIRM Gasol r1\n1 x',
    'CONFIRM Gasol r1\n256 1',
  ]) {
    it(`[NA2] are not valid: ${JSON.stringify(text)}`, () => expect(parse(text)).to.equal(undefined));
  }
});
