import { expect } from 'chai';
import fc from 'fast-check';
import { LineRecorder } from '../../../src/actors/bus/line-recorder.js';
import type { PeerChannel } from '../../../src/actors/ports/transport.js';
import { queuedLocationBytes } from '../../../src/actors/store/location-bytes.js';
import { Outbox, type OutboxCallbacks } from '../../../src/actors/peer/outbox.js';
import { PeerOutput } from '../../../src/actors/peer/peer-output.js';
import { formatPeerAt } from '../../../src/protocol/peer/peer-line.js';
import type { ClientId } from '../../../src/protocol/place/ids.js';
import type { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { supersedes, type Location } from '../../../src/protocol/place/location.js';
import type { ByteString } from '../../../src/protocol/text/byte-string.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { batchFrom } from '../../support/forwarded-batch.js';

const bryant = toServerId('Bryant');

/** A neighbour whose channel has room for so many locations, until it is told that there is more; it may get 63 more at once. */
class FakeNeighbour implements PeerChannel, OutboxCallbacks {
  readonly remoteAddress = 'Metta';
  readonly isInProcess = false;
  readonly sent: Location[] = [];
  readonly known = new Map<ClientId, Location>();
  room = Infinity;
  caughtUp = 0;
  pagesWanted = 0;
  drops = 0;
  comparisonsWanted = 0;

  get isWritable(): boolean {
    return this.room > 0;
  }

  send(line: ByteString): void {
    throw new Error(`an outbox sends no ${line}`);
  }

  sendLocations(batch: LocationBatch): void {
    const locations = [...batch];
    expect([...batch.lines()]).to.deep.equal(locations.map((location) => formatPeerAt(location, bryant)));
    this.room -= locations.length;
    this.sent.push(...locations);
    for (const location of locations) {
      const known = this.known.get(location.client);
      if (known === undefined || supersedes(location, known)) this.known.set(location.client, location);
    }
  }

  close(): void {
    this.room = 0;
  }

  onCaughtUp(): void {
    this.caughtUp += 1;
  }

  onPageDue(): void {
    this.pagesWanted += 1;
  }

  onDropped(): void {
    this.drops += 1;
  }

  onComparisonDue(): void {
    this.comparisonsWanted += 1;
  }
}

function outboxTo(neighbour: FakeNeighbour, maxBytes: number): Outbox {
  const output = new PeerOutput(neighbour, new LineRecorder(strictBus(), 'peer', neighbour.remoteAddress));
  return new Outbox(output, neighbour, WordBuffer.of(` ${bryant}`), maxBytes);
}

function forward(outbox: Outbox, ...locations: readonly Location[]): number {
  return outbox.forward(batchFrom(bryant, locations));
}

function addPage(outbox: Outbox, locations: readonly Location[], isLast: boolean): void {
  outbox.addPage(batchFrom(bryant, locations), isLast);
}

describe('Outbox', () => {
  let neighbour: FakeNeighbour;
  let outbox: Outbox;

  beforeEach(() => {
    neighbour = new FakeNeighbour();
    outbox = outboxTo(neighbour, Infinity);
  });

  it('sends at once while the channel is writable', () => {
    forward(outbox, createLocation('kiwi', 1));
    forward(outbox, createLocation('kiwi', 2));
    expect(neighbour.sent.map(({ time }) => time)).to.deep.equal(['1', '2']);
  });

  it('[PE16] queues only the newest location of each client while the channel is not writable', () => {
    neighbour.room = 0;
    for (let seconds = 1; seconds <= 1_000; seconds += 1) {
      forward(outbox, createLocation('kiwi', seconds));
      forward(outbox, createLocation('emu', seconds));
    }
    expect(neighbour.sent).to.deep.equal([]);
    neighbour.room = Infinity;
    outbox.drained();
    expect(neighbour.sent).to.deep.equal([createLocation('kiwi', 1_000), createLocation('emu', 1_000)]);
  });

  it('does not let new locations overtake queued ones', () => {
    neighbour.room = 0;
    forward(outbox, createLocation('kiwi', 1));
    neighbour.room = 1;
    forward(outbox, createLocation('emu', 1));
    expect(neighbour.sent).to.deep.equal([]);
    outbox.drained();
    expect(neighbour.sent.map(({ client }) => client)).to.deep.equal(['kiwi', 'emu']);
  });

  it('sends queued locations 64 at a time, while the channel is writable', () => {
    neighbour.room = 0;
    const locations = Array.from({ length: 150 }, (_, phone) => createLocation(`phone${phone}`, 1));
    expect(forward(outbox, ...locations)).to.equal(0);
    for (const [room, sent] of [
      [1, 64],
      [65, 150],
    ] as const) {
      neighbour.room = room;
      outbox.drained();
      expect(neighbour.sent).to.deep.equal(locations.slice(0, sent));
    }
  });

  it('requests the next page only after the last one is sent', () => {
    neighbour.room = 0;
    addPage(outbox, [createLocation('kiwi', 1), createLocation('emu', 1)], false);
    expect(neighbour.pagesWanted).to.equal(0);
    neighbour.room = Infinity;
    outbox.drained();
    expect(neighbour.pagesWanted).to.equal(1);
    addPage(outbox, [createLocation('moa', 1)], false);
    expect(neighbour.pagesWanted).to.equal(2);
  });

  it('skips a location of a page if a newer one is queued', () => {
    neighbour.room = 0;
    forward(outbox, createLocation('kiwi', 2));
    addPage(outbox, [createLocation('kiwi', 1)], true);
    neighbour.room = Infinity;
    outbox.drained();
    expect(neighbour.sent).to.deep.equal([createLocation('kiwi', 2)]);
  });

  it('[PE14] sends CAUGHT-UP once, after all pages', () => {
    neighbour.room = 0;
    addPage(outbox, [createLocation('kiwi', 1), createLocation('emu', 1)], true);
    expect(neighbour.caughtUp).to.equal(0);
    neighbour.room = Infinity;
    outbox.drained();
    expect(neighbour.caughtUp).to.equal(1);
    outbox.drained();
    forward(outbox, createLocation('kiwi', 2));
    outbox.drained();
    expect(neighbour.caughtUp).to.equal(1);
    expect(neighbour.pagesWanted, 'after the last page').to.equal(0);
  });

  it('sends CAUGHT-UP if there was nothing to send', () => {
    addPage(outbox, [], true);
    expect(neighbour.caughtUp).to.equal(1);
  });

  describe('beyond its byte limit', () => {
    const oneBytes = queuedLocationBytes(createLocation('phone0', 1));

    beforeEach(() => {
      outbox = outboxTo(neighbour, 10 * oneBytes);
      neighbour.room = 0;
    });

    it('[PE16] drops the queue, and requests a comparison once the channel is writable', () => {
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, createLocation(`phone${phone}`, 1));
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, createLocation(`phone${phone}`, 2));
      expect(neighbour.drops, 'as much as may wait').to.equal(0);
      expect(forward(outbox, createLocation('phonex', 1))).to.equal(11);
      forward(outbox, createLocation('kiwi', 1));
      outbox.drained();
      expect([neighbour.drops, neighbour.comparisonsWanted]).to.deep.equal([1, 0]);
      neighbour.room = Infinity;
      outbox.drained();
      expect(neighbour.sent).to.deep.equal([createLocation('kiwi', 1)]);
      expect(neighbour.comparisonsWanted).to.equal(1);
      outbox.drained();
      expect(neighbour.comparisonsWanted, 'once').to.equal(1);
      forward(outbox, createLocation('emu', 1));
      expect(neighbour.sent.length, 'what is new goes on as before').to.equal(2);
    });

    it('drops a queued page as well, and requests a comparison after the catch-up', () => {
      addPage(outbox, [createLocation('moa', 1), createLocation('emu', 1)], false);
      forward(outbox, createLocation('moa', 2));
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, createLocation(`phone${phone}`, 1));
      expect(neighbour.drops).to.equal(1);
      neighbour.room = Infinity;
      outbox.drained();
      expect(neighbour.sent).to.deep.equal([createLocation('phone9', 1)]);
      expect([neighbour.pagesWanted, neighbour.comparisonsWanted]).to.deep.equal([1, 0]);
      addPage(outbox, [], true);
      expect([neighbour.caughtUp, neighbour.comparisonsWanted]).to.deep.equal([1, 1]);
    });

    it('counts from 0 after the queue is sent', () => {
      for (let round = 0; round < 5; round += 1) {
        neighbour.room = 0;
        for (let phone = 0; phone < 10; phone += 1) forward(outbox, createLocation(`phone${phone}`, round));
        neighbour.room = Infinity;
        outbox.drained();
      }
      expect(neighbour.drops).to.equal(0);
      expect(neighbour.sent.length).to.equal(50);
    });
  });

  it('leaves the neighbour with the newest location of every client, for any sequence of events', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ client: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') }) },
      { weight: 2, arbitrary: fc.record({ room: fc.nat(4) }) },
      { weight: 2, arbitrary: fc.record({ pageLocations: fc.integer({ min: 1, max: 3 }) }) },
    );
    fc.assert(
      fc.property(fc.nat(6), fc.array(step, { maxLength: 60 }), fc.boolean(), (heldAtStart, steps, isTight) => {
        // A model of the store beside it: what it holds, and what of that has not been dealt out yet.
        const held = new Map<string, Location>();
        for (const client of ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, heldAtStart))
          held.set(client, createLocation(client, 0));
        const notDealt = [...held.keys()];
        const neighbour = new FakeNeighbour();
        neighbour.room = 0;
        const outbox = outboxTo(neighbour, isTight ? 3 * queuedLocationBytes(createLocation('a', 1)) : Infinity);
        let pagesDealt = 0;
        let state: 'dealing' | 'dealt' = 'dealing';
        let comparisons = 0;
        let seconds = 0;

        const deal = (count: number) => {
          // The link asks for the first page; each further one only if the outbox wants it.
          if (state === 'dealt' || pagesDealt > neighbour.pagesWanted) return;
          pagesDealt += 1;
          const page = notDealt.splice(0, count).map((client) => held.get(client) ?? createLocation(client, 0));
          if (page.length < count) state = 'dealt';
          addPage(outbox, page, state === 'dealt');
        };
        const giveRoom = (room: number) => {
          const before = neighbour.room;
          neighbour.room = room;
          if (before <= 0 && room > 0) outbox.drained();
        };
        for (const step of steps) {
          if ('client' in step) {
            seconds += 1;
            held.set(step.client, createLocation(step.client, seconds));
            forward(outbox, createLocation(step.client, seconds));
          } else if ('room' in step) giveRoom(step.room);
          else deal(step.pageLocations);
          expect(neighbour.caughtUp).to.be.at.most(1);
        }

        giveRoom(0);
        giveRoom(Infinity);
        for (let pages = 0; pages < 20; pages += 1) {
          deal(3);
          if (comparisons === neighbour.comparisonsWanted) continue;
          // The neighbour compares, and a catch-up tells it what it lacks.
          comparisons = neighbour.comparisonsWanted;
          for (const [client, location] of held)
            if (neighbour.known.get(location.client)?.line !== location.line) notDealt.push(client);
          state = 'dealing';
          addPage(outbox, [], false);
        }
        expect(neighbour.caughtUp).to.be.at.least(1);
        expect(neighbour.comparisonsWanted > 0).to.equal(neighbour.drops > 0);
        expect(new Map<string, Location>(neighbour.known)).to.deep.equal(held);
      }),
      { numRuns: 1_000 },
    );
  });
});
