import { expect } from 'chai';
import fc from 'fast-check';
import { Flood, selectRecipients } from '../../../src/actors/replication/flood.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import type { Actor } from '../../../src/actors/bus/bus.js';
import type { FloodMessage } from '../../../src/actors/replication/messages.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import type { Location } from '../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { batchFrom } from '../../support/forwarded-batch.js';

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

/** What a link is sent: locations, and their lines as the neighbour is to receive them. */
interface Sent {
  readonly kind: LinkMessage['kind'];
  readonly locations: readonly Location[];
  readonly lines: readonly string[];
  readonly isLast?: boolean;
}

/** A link that copies what it is sent. */
class FakeLink implements Actor<LinkMessage> {
  private readonly sent: Sent[] = [];

  receive(message: LinkMessage): void {
    if (message.kind !== 'forward' && message.kind !== 'page') throw new Error(`the flood sends no ${message.kind}`);
    const { batch, ...rest } = message;
    this.sent.push({ ...rest, locations: [...batch], lines: [...batch.lines()] });
  }

  stop(): void {
    this.take();
  }

  /** What was received since this was last asked. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

describe('Flood', () => {
  const names = ['Blake', 'Gasol', 'Metta'] as const;
  const [kiwi, emu] = [createLocation('kiwi', 1_353_118_103, 'Howard'), createLocation('emu', 2)];
  const [kiwiLine, emuLine] = [kiwi, emu].map(({ line }) => `${line} Bryant`) as [string, string];
  let bus: MessageBus;
  let links: Record<(typeof names)[number], FakeLink>;

  beforeEach(() => {
    bus = strictBus();
    links = { Blake: new FakeLink(), Gasol: new FakeLink(), Metta: new FakeLink() };
    for (const name of names) bus.attach(addresses.link(toServerId(name)), links[name]);
    bus.attach(addresses.flood, new Flood(bus, toServerId('Bryant'), names.map(toServerId)));
  });

  const send = (message: FloodMessage) => bus.send(addresses.flood, message);
  const takeAll = () => names.map((name) => links[name].take());

  it('[PE13] sends locations to the links, and their lines with this server as the last field', () => {
    send({ kind: 'replicate', batch: LocationBatch.of([kiwi, emu]), from: toServerId('Blake') });
    const forward = { kind: 'forward', locations: [kiwi, emu], lines: [kiwiLine, emuLine] };
    expect(takeAll()).to.deep.equal([[], [forward], [forward]]);
    send({ kind: 'replicate', batch: LocationBatch.of([emu]), from: undefined });
    const next = { kind: 'forward', locations: [emu], lines: [emuLine] };
    expect(takeAll()).to.deep.equal([[next], [next], [next]]);
  });

  it('sends only the rows of a batch, without the forwarder that they came with, and leaves the batch unchanged', () => {
    const batch = batchFrom(toServerId('Metta'), [createLocation('moa', 1), kiwi, emu]);
    batch.moveRow(1, 0);
    batch.moveRow(2, 1);
    batch.truncate(2);
    let left: Location[] = [];
    bus.attach(addresses.store, {
      receive: ({ kind }) => {
        const from = toServerId('Metta');
        if (kind === 'learned') left = [...batch];
        else {
          send({ kind: 'replicate', batch, from });
          bus.send(addresses.store, { kind: 'learned', batch, from });
        }
      },
      stop: () => undefined,
    });
    bus.send(addresses.store, { kind: 'report', batch });
    const forward = { kind: 'forward', locations: [kiwi, emu], lines: [kiwiLine, emuLine] };
    expect(takeAll()).to.deep.equal([[forward], [forward], []]);
    expect(left).to.deep.equal([kiwi, emu]);
  });

  it('[PE14] sends a page of a catch-up, and [PE24] a location that was looked up, to one neighbour', () => {
    const gasol = toServerId('Gasol');
    send({ kind: 'page', batch: LocationBatch.of([kiwi, emu]), to: gasol, isLast: true });
    const page = { kind: 'page', locations: [kiwi, emu], lines: [kiwiLine, emuLine], isLast: true };
    expect(takeAll()).to.deep.equal([[], [page], []]);
    send({ kind: 'send-to', batch: LocationBatch.of([emu]), to: gasol });
    expect(takeAll()).to.deep.equal([[], [{ kind: 'forward', locations: [emu], lines: [emuLine] }], []]);
  });

  it('keeps the batches of one run of the bus apart', () => {
    bus.attach(addresses.store, {
      receive: () => {
        send({ kind: 'replicate', batch: LocationBatch.of([kiwi]), from: undefined });
        send({ kind: 'page', batch: LocationBatch.of([emu]), to: toServerId('Blake'), isLast: false });
      },
      stop: () => undefined,
    });
    bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of([]) });
    const forward = { kind: 'forward', locations: [kiwi], lines: [kiwiLine] };
    const page = { kind: 'page', locations: [emu], lines: [emuLine], isLast: false };
    expect(takeAll()).to.deep.equal([[forward, page], [forward], [forward]]);
  });
});
