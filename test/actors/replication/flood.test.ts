import { expect } from 'chai';
import fc from 'fast-check';
import { Flood, selectRecipients } from '../../../src/actors/replication/flood.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';

const names = ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'];
const anyServer = fc.constantFrom(...names.map(toServerId));

describe('[PE13] selectRecipients', () => {
  it('returns every neighbour but the sender, including the server that received the report', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyServer), fc.option(anyServer, { nil: undefined }), (all, from) => {
        const recipients = selectRecipients(from, all);
        expect(recipients).to.deep.equal([...new Set(recipients)]);
        for (const neighbour of all) expect(recipients.includes(neighbour), neighbour).to.equal(neighbour !== from);
      }),
    );
  });
});

describe('Flood', () => {
  it('sends the location to the links, and one line for all, with this server as the last field', () => {
    const bus = strictBus();
    const neighbours = ['Blake', 'Gasol', 'Metta'].map(toServerId);
    const links = new Map(neighbours.map((neighbour) => [neighbour, new FakeActor<LinkMessage>()]));
    for (const [neighbour, link] of links) bus.attach(addresses.link(neighbour), link);
    bus.attach(addresses.flood, new Flood(bus, toServerId('Bryant'), neighbours));
    const location = createLocation('kiwi', 1_353_118_103, 'Howard');

    bus.send(addresses.flood, { kind: 'replicate', locations: [location], from: toServerId('Blake') });

    const line = 'AT Howard +0.100000000 kiwi +34.068930-118.445127 1353118103 Bryant';
    expect(links.get(toServerId('Blake'))?.received).to.deep.equal([]);
    expect(links.get(toServerId('Gasol'))?.received).to.deep.equal([
      { kind: 'forward', locations: [location], lines: [line] },
    ]);
    expect(links.get(toServerId('Metta'))?.received).to.deep.equal([
      { kind: 'forward', locations: [location], lines: [line] },
    ]);
  });
});
