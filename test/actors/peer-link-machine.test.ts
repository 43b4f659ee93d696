import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, type Actor } from 'xstate';
import { peerLinkMachine, type PeerLinkEvent } from '../../src/actors/peer-link-machine.js';
import { VirtualClock } from '../support/virtual-clock.js';

const greeted: PeerLinkEvent = { type: 'GREETED' };
const caughtUp: PeerLinkEvent = { type: 'CAUGHT_UP' };
const stop: PeerLinkEvent = { type: 'STOP' };
const lost: PeerLinkEvent = { type: 'LOST', reason: 'cable cut' };

describe('peerLinkMachine', () => {
  let clock: VirtualClock;
  let did: string[];
  let life: Actor<typeof peerLinkMachine>;
  let random: number;

  /** A machine of the end that dials, or of the other. */
  function begin(dials: boolean): void {
    clock = new VirtualClock();
    did = [];
    random = 0.5;
    const machine = peerLinkMachine.provide({
      actions: {
        dial: () => did.push('dial'),
        hangUp: () => did.push('hang up'),
        openOutbox: () => did.push('open outbox'),
        closeOutbox: () => did.push('close outbox'),
        tell: ({ context }, { state }) =>
          did.push(state === 'backoff' ? `backoff ${context.retryInMs} ms (${context.reason})` : state),
      },
    });
    life = createActor(machine, { clock, input: { dials, random: { next: () => random } } });
    life.start();
  }

  function send(...events: PeerLinkEvent[]): void {
    for (const event of events) life.send(event);
  }

  /** What was done since this was last asked. */
  function done(): string[] {
    return did.splice(0);
  }

  describe('at the end that dials', () => {
    beforeEach(() => begin(true));

    it('dials, is greeted, catches up and lives', () => {
      expect(done()).to.deep.equal(['connecting', 'dial']);
      send(greeted);
      expect(done()).to.deep.equal(['open outbox', 'catching-up']);
      send(caughtUp);
      expect(done()).to.deep.equal(['live']);
      expect(clock.armed).to.equal(0);
    });

    it('backs off from a call that comes to nothing, and dials again', () => {
      done();
      send(lost);
      expect(done()).to.deep.equal(['backoff 50 ms (cable cut)']);
      clock.advance(49);
      expect(done()).to.deep.equal([]);
      clock.advance(1);
      expect(done()).to.deep.equal(['connecting', 'dial']);
    });

    it('hangs up on a neighbour that does not greet within five seconds', () => {
      done();
      clock.advance(4_999);
      expect(done()).to.deep.equal([]);
      clock.advance(1);
      expect(done()).to.have.members(['hang up', 'backoff 50 ms (no hello in time)']);
    });

    for (const [name, before] of [
      ['catching up', [greeted]],
      ['live', [greeted, caughtUp]],
    ] as const) {
      it(`backs off when it loses a wire that is ${name}`, () => {
        send(...before);
        done();
        send(lost);
        expect(done()).to.deep.equal(['close outbox', 'backoff 50 ms (cable cut)']);
      });
    }

    it('[PE17] backs off longer and longer, up to five seconds, and never gives up', () => {
      const pauses: number[] = [];
      for (let attempt = 0; attempt < 50; attempt += 1) {
        send(lost);
        pauses.push(life.getSnapshot().context.retryInMs);
        clock.advance(5_000 - 1);
      }
      expect(pauses.slice(0, 8)).to.deep.equal([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
      expect(pauses.at(-1)).to.equal(2_500);
    });

    it('backs off less only after the link was live: one that breaks at once is not hammered', () => {
      for (const events of [
        [greeted, lost],
        [greeted, lost],
        [greeted, lost],
      ]) {
        send(...events);
        clock.advance(1_000);
      }
      expect(life.getSnapshot().context.failures).to.equal(3);
      send(greeted, caughtUp, lost);
      expect(life.getSnapshot().context).to.include({ failures: 1, retryInMs: 50 });
    });

    it('[PE18] believes a neighbour that calls during backoff, and does not dial then', () => {
      send(lost);
      done();
      send(greeted);
      expect(done()).to.deep.equal(['open outbox', 'catching-up']);
      clock.advance(60_000);
      expect(done()).to.deep.equal([]);
    });
  });

  describe('at the end that is called', () => {
    beforeEach(() => begin(false));

    it('waits for ever, and never dials', () => {
      expect(done()).to.deep.equal(['connecting']);
      clock.advance(3_600_000);
      expect(done()).to.deep.equal([]);
    });

    it('is greeted, catches up and lives', () => {
      done();
      send(greeted, caughtUp);
      expect(done()).to.deep.equal(['open outbox', 'catching-up', 'live']);
    });

    for (const [name, before] of [
      ['catching up', [greeted]],
      ['live', [greeted, caughtUp]],
    ] as const) {
      it(`waits for a call when it loses a wire that is ${name}`, () => {
        send(...before);
        done();
        send(lost);
        expect(done()).to.deep.equal(['close outbox', 'connecting']);
        expect(life.getSnapshot().context.reason).to.equal('cable cut');
        expect(clock.armed).to.equal(0);
      });
    }
  });

  for (const dials of [true, false]) {
    describe(dials ? 'at either end, dialling' : 'at either end, called', () => {
      beforeEach(() => begin(dials));

      it('[PE18] starts afresh when the neighbour greets anew while the old wire seems alive', () => {
        for (const before of [[greeted], [caughtUp]]) {
          send(...before);
          done();
          send(greeted);
          expect(done()).to.deep.equal(['close outbox', 'open outbox', 'catching-up']);
        }
      });

      it('tells a reason only where there is one: not once the neighbour has greeted', () => {
        send(greeted, lost);
        clock.advance(50);
        send(greeted);
        expect(life.getSnapshot().context.reason).to.equal('');
      });

      for (const [name, before] of [
        ['connecting', []],
        ['catching up', [greeted]],
        ['live', [greeted, caughtUp]],
        ['after a loss', [greeted, lost]],
      ] as const) {
        it(`stops from ${name}, for good`, () => {
          send(...before);
          done();
          send(stop);
          const stopping = done();
          expect(stopping).to.include('hang up');
          expect(stopping.at(-1)).to.equal('stopped');
          expect(stopping.includes('close outbox')).to.equal(name === 'catching up' || name === 'live');
          expect(clock.armed).to.equal(0);
          send(greeted, lost, caughtUp, stop);
          clock.advance(60_000);
          expect(done()).to.deep.equal([]);
        });
      }

      it('has an outbox exactly while it is connected, whatever happens', () => {
        const event = fc.constantFrom<(PeerLinkEvent | number)[]>(greeted, caughtUp, lost, 40, 6_000);
        fc.assert(
          fc.property(fc.array(event), (events) => {
            begin(dials);
            for (const event of events) {
              if (typeof event === 'number') clock.advance(event);
              else send(event);
              const opened = did.filter((what) => what === 'open outbox').length;
              const closed = did.filter((what) => what === 'close outbox').length;
              expect(opened - closed).to.equal(life.getSnapshot().matches('connected') ? 1 : 0);
            }
          }),
        );
      });
    });
  }
});
