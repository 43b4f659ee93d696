import { expect } from 'chai';
import fc from 'fast-check';
import { queuedLocationBytes } from '../../../src/actors/store/location-bytes.js';
import { Outbox, type OutboxSink } from '../../../src/actors/peer/outbox.js';
import type { ClientId } from '../../../src/protocol/place/ids.js';
import { supersedes, type Location } from '../../../src/protocol/place/location.js';
import { createLocation } from '../../support/fake-location.js';

/** A neighbour at the end of a wire with room for so many locations, until it is told that there is more. */
class FakeSink implements OutboxSink {
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

  sendLocation(location: Location): void {
    this.room -= 1;
    this.sent.push(location);
    const known = this.known.get(location.client);
    if (known === undefined || supersedes(location, known)) this.known.set(location.client, location);
  }

  sendCaughtUp(): void {
    this.caughtUp += 1;
  }

  requestPage(): void {
    this.pagesWanted += 1;
  }

  onDropped(): void {
    this.drops += 1;
  }

  requestComparison(): void {
    this.comparisonsWanted += 1;
  }
}

function forward(outbox: Outbox, client: string, seconds: number): void {
  outbox.forward([createLocation(client, seconds)], ['its line']);
}

describe('Outbox', () => {
  let sink: FakeSink;
  let outbox: Outbox;

  beforeEach(() => {
    sink = new FakeSink();
    outbox = new Outbox(sink, Infinity);
  });

  it('sends at once while the channel is writable', () => {
    forward(outbox, 'kiwi', 1);
    forward(outbox, 'kiwi', 2);
    expect(sink.sent.map(({ time }) => time)).to.deep.equal(['1', '2']);
  });

  it('[PE16] queues only the newest location of each client while the channel is not writable', () => {
    sink.room = 0;
    for (let seconds = 1; seconds <= 1_000; seconds += 1) {
      forward(outbox, 'kiwi', seconds);
      forward(outbox, 'emu', seconds);
    }
    expect(sink.sent).to.deep.equal([]);
    sink.room = Infinity;
    outbox.drained();
    expect(sink.sent).to.deep.equal([createLocation('kiwi', 1_000), createLocation('emu', 1_000)]);
  });

  it('does not let new locations overtake queued ones', () => {
    sink.room = 0;
    forward(outbox, 'kiwi', 1);
    sink.room = 1;
    forward(outbox, 'emu', 1);
    expect(sink.sent).to.deep.equal([]);
    outbox.drained();
    expect(sink.sent.map(({ client }) => client)).to.deep.equal(['kiwi']);
  });

  it('requests the next page only after the last one is sent', () => {
    sink.room = 1;
    outbox.addPage([createLocation('kiwi', 1), createLocation('emu', 1)], false);
    expect(sink.pagesWanted).to.equal(0);
    sink.room = Infinity;
    outbox.drained();
    expect(sink.pagesWanted).to.equal(1);
    outbox.addPage([createLocation('moa', 1)], false);
    expect(sink.pagesWanted).to.equal(2);
  });

  it('skips a location of a page if a newer one is queued', () => {
    sink.room = 0;
    forward(outbox, 'kiwi', 2);
    outbox.addPage([createLocation('kiwi', 1)], true);
    sink.room = Infinity;
    outbox.drained();
    expect(sink.sent).to.deep.equal([createLocation('kiwi', 2)]);
  });

  it('[PE14] sends CAUGHT-UP once, after all pages', () => {
    sink.room = 1;
    outbox.addPage([createLocation('kiwi', 1), createLocation('emu', 1)], true);
    expect(sink.caughtUp).to.equal(0);
    sink.room = Infinity;
    outbox.drained();
    expect(sink.caughtUp).to.equal(1);
    outbox.drained();
    forward(outbox, 'kiwi', 2);
    outbox.drained();
    expect(sink.caughtUp).to.equal(1);
    expect(sink.pagesWanted, 'after the last page').to.equal(0);
  });

  it('sends CAUGHT-UP if there was nothing to send', () => {
    outbox.addPage([], true);
    expect(sink.caughtUp).to.equal(1);
  });

  describe('beyond its byte limit', () => {
    const oneBytes = queuedLocationBytes(createLocation('phone0', 1));

    beforeEach(() => {
      outbox = new Outbox(sink, 10 * oneBytes);
      sink.room = 0;
    });

    it('[PE16] drops the queue, and requests a comparison once the channel is writable', () => {
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, `phone${phone}`, 1);
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, `phone${phone}`, 2);
      expect(sink.drops, 'as much as may wait').to.equal(0);
      expect(outbox.forward([createLocation('phonex', 1)], ['its line'])).to.equal(11);
      forward(outbox, 'kiwi', 1);
      outbox.drained();
      expect([sink.drops, sink.comparisonsWanted]).to.deep.equal([1, 0]);
      sink.room = Infinity;
      outbox.drained();
      expect(sink.sent).to.deep.equal([createLocation('kiwi', 1)]);
      expect(sink.comparisonsWanted).to.equal(1);
      outbox.drained();
      expect(sink.comparisonsWanted, 'once').to.equal(1);
      forward(outbox, 'emu', 1);
      expect(sink.sent.length, 'what is new goes on as before').to.equal(2);
    });

    it('sends the queued page, and requests a comparison after the catch-up', () => {
      outbox.addPage([createLocation('moa', 1), createLocation('emu', 1)], false);
      forward(outbox, 'moa', 2);
      for (let phone = 0; phone < 10; phone += 1) forward(outbox, `phone${phone}`, 1);
      expect(sink.drops).to.equal(1);
      sink.room = Infinity;
      outbox.drained();
      expect(sink.sent).to.deep.equal([createLocation('emu', 1)]);
      expect([sink.pagesWanted, sink.comparisonsWanted]).to.deep.equal([1, 0]);
      outbox.addPage([], true);
      expect([sink.caughtUp, sink.comparisonsWanted]).to.deep.equal([1, 1]);
    });

    it('counts from 0 after the queue is sent', () => {
      for (let round = 0; round < 5; round += 1) {
        sink.room = 0;
        for (let phone = 0; phone < 10; phone += 1) forward(outbox, `phone${phone}`, round);
        sink.room = Infinity;
        outbox.drained();
      }
      expect(sink.drops).to.equal(0);
      expect(sink.sent.length).to.equal(50);
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
        const sink = new FakeSink();
        sink.room = 0;
        const outbox = new Outbox(sink, isTight ? 3 * queuedLocationBytes(createLocation('a', 1)) : Infinity);
        let pagesDealt = 0;
        let state: 'dealing' | 'dealt' = 'dealing';
        let comparisons = 0;
        let seconds = 0;

        const deal = (count: number) => {
          // The link asks for the first page; each further one only if the outbox wants it.
          if (state === 'dealt' || pagesDealt > sink.pagesWanted) return;
          pagesDealt += 1;
          const page = notDealt.splice(0, count).map((client) => held.get(client) ?? createLocation(client, 0));
          if (page.length < count) state = 'dealt';
          outbox.addPage(page, state === 'dealt');
        };
        const giveRoom = (room: number) => {
          const before = sink.room;
          sink.room = room;
          if (before <= 0 && room > 0) outbox.drained();
        };
        for (const step of steps) {
          if ('client' in step) {
            seconds += 1;
            held.set(step.client, createLocation(step.client, seconds));
            forward(outbox, step.client, seconds);
          } else if ('room' in step) giveRoom(step.room);
          else deal(step.pageLocations);
          expect(sink.caughtUp).to.be.at.most(1);
        }

        giveRoom(0);
        giveRoom(Infinity);
        for (let pages = 0; pages < 20; pages += 1) {
          deal(3);
          if (comparisons === sink.comparisonsWanted) continue;
          // The neighbour compares, and a catch-up tells it what it lacks.
          comparisons = sink.comparisonsWanted;
          for (const [client, location] of held)
            if (sink.known.get(location.client) !== location) notDealt.push(client);
          state = 'dealing';
          outbox.addPage([], false);
        }
        expect(sink.caughtUp).to.be.at.least(1);
        expect(sink.comparisonsWanted > 0).to.equal(sink.drops > 0);
        expect(new Map<string, Location>(sink.known)).to.deep.equal(held);
      }),
      { numRuns: 1_000 },
    );
  });
});
