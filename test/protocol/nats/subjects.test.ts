import { expect } from 'chai';
import { Subjects } from '../../../src/protocol/nats/subjects.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';

const [gasol, blake] = ['Gasol' as ServerId, 'Blake' as ServerId];
const subjects = new Subjects('bridge:west', gasol);

describe('Subjects', () => {
  it('[NA1] begin with the name of the herd, and are parsed as they were formatted', () => {
    const atBlake = new Subjects('bridge:west', blake);
    for (const [subject, text, topic] of [
      [subjects.presence, 'presence', { kind: 'presence' }],
      [subjects.locations(0), 'locations.0', { kind: 'locations', partition: 0 }],
      [subjects.locations(255), 'locations.255', { kind: 'locations', partition: 255 }],
      [subjects.lookup(7), 'lookup.7', { kind: 'lookup' }],
      [atBlake.lookupAt(gasol), 'servers.Gasol.lookup', { kind: 'lookup' }],
      [atBlake.directTo(gasol), 'servers.Gasol.direct', { kind: 'direct' }],
      [subjects.responseTo(12), 'servers.Gasol.response.12', { kind: 'response', lookup: 12 }],
    ] as const) {
      expect(subject).to.equal(`herd.bridge:west.${text}`);
      expect(subjects.parse(subject), subject).to.deep.equal(topic);
    }
  });

  for (const text of [
    '',
    'locations',
    'locations.',
    'locations.256',
    'locations.-1',
    'locations.1e1',
    'locations.1.2',
    'lookup.',
    'nothing.1',
    'servers.Gasol.response.',
    'servers.Gasol.response.x',
    'servers.Gasol.response.1.2',
    'servers.Blake.direct',
    'servers.Blake.lookup',
    'servers.Gasol.nothing',
  ]) {
    it(`[NA1] are unknown: ${JSON.stringify(text)}`, () => {
      expect(subjects.parse(`herd.bridge:west.${text}`)).to.equal(undefined);
    });
  }

  it('[NA1] are unknown in another herd', () => {
    expect(subjects.parse(new Subjects('east', gasol).locations(1))).to.equal(undefined);
  });

  it('for responses are those of any server of the herd, and no others', () => {
    const isResponse = (text: string): boolean => subjects.isResponse(`herd.${text}`);
    expect(isResponse('bridge:west.servers.Blake.response.3')).to.equal(true);
    for (const text of ['servers.Blake.response.', 'servers.Blake.response.3.4', 'servers.Blake.direct', 'locations.3'])
      expect(isResponse(`bridge:west.${text}`), text).to.equal(false);
    expect(isResponse('east.servers.Blake.response.3')).to.equal(false);
  });
});
