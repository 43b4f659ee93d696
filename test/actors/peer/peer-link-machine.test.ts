import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, type Actor } from 'xstate';
import {
  peerLinkMachine,
  type PeerLinkActions,
  type PeerLinkEvent,
} from '../../../src/actors/peer/peer-link-machine.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

const greeted: PeerLinkEvent = { type: 'HANDSHAKE_COMPLETED' };
const caughtUp: PeerLinkEvent = { type: 'CAUGHT_UP' };
const stop: PeerLinkEvent = { type: 'STOP' };
const lost: PeerLinkEvent = { type: 'DISCONNECTED', reason: 'cable cut' };

describe('peerLinkMachine', () => {
  let clock: VirtualClock;
  let did: string[];
  let actor: Actor<typeof peerLinkMachine>;

  /** A machine of the end that dials, or of the other. */
  function begin(isDialer: boolean): void {
    clock = new VirtualClock();
    did = [];
    const actions: PeerLinkActions = {
      dial: () => did.push('dial'),
      disconnect: () => did.push('hang up'),
      beginSession: () => did.push('begin exchange'),
      endSession: () => did.push('end exchange'),
      publishState: (state, { retryInMs, reason }) =>
        did.push(state === 'backoff' ? `backoff ${retryInMs} ms (${reason})` : state),
    };
    actor = createActor(peerLinkMachine, { clock, input: { isDialer, random: { next: () => 0.5 }, actions } });
    actor.start();
  }

  function send(...events: PeerLinkEvent[]): void {
    for (const event of events) actor.send(event);
  }

  /** What was done since this was last asked. */
  function done(): string[] {
    return did.splice(0);
  }

  describe('at the end that dials', () => {
    beforeEach(() => begin(true));

    it('dials, completes the handshake, catches up and is live', () => {
      expect(done()).to.deep.equal(['connecting', 'dial']);
      send(greeted);
      expect(done()).to.deep.equal(['begin exchange', 'catching-up']);
      send(caughtUp);
      expect(done()).to.deep.equal(['live']);
    });

    it('backs off when a connection fails, and dials again', () => {
      done();
      send(lost);
      expect(done()).to.deep.equal(['backoff 50 ms (cable cut)']);
      clock.advance(49);
      expect(done()).to.deep.equal([]);
      clock.advance(1);
      expect(done()).to.deep.equal(['connecting', 'dial']);
    });

    it('disconnects a neighbour whose handshake takes more than five seconds', () => {
      done();
      clock.advance(4_999);
      expect(done()).to.deep.equal([]);
      clock.advance(1);
      expect(done()).to.have.members(['hang up', 'backoff 50 ms (handshake timeout)']);
    });

    for (const [name, before] of [
      ['catching up', [greeted]],
      ['live', [greeted, caughtUp]],
    ] as const) {
      it(`backs off when it loses a channel that is ${name}`, () => {
        send(...before);
        done();
        send(lost);
        expect(done()).to.deep.equal(['end exchange', 'backoff 50 ms (cable cut)']);
      });
    }

    it('[PE17] backs off exponentially, up to a second, indefinitely', () => {
      const pauses: number[] = [];
      for (let attempt = 0; attempt < 50; attempt += 1) {
        send(lost);
        pauses.push(actor.getSnapshot().context.retryInMs);
        clock.advance(1_000);
      }
      expect(pauses.slice(0, 6)).to.deep.equal([50, 100, 200, 400, 500, 500]);
      expect(pauses.at(-1)).to.equal(500);
    });

    it('resets the backoff only after the link was live', () => {
      for (const events of [
        [greeted, lost],
        [greeted, lost],
        [greeted, lost],
      ]) {
        send(...events);
        clock.advance(1_000);
      }
      expect(actor.getSnapshot().context.failures).to.equal(3);
      send(greeted, caughtUp, lost);
      expect(actor.getSnapshot().context).to.include({ failures: 1, retryInMs: 50 });
    });

    for (const [name, before] of [
      ['backoff', [lost]],
      ['a call that nobody has taken', []],
      ['a connection', [greeted, caughtUp]],
    ] as const) {
      it(`[PE29] dials at once when the neighbour announces itself during ${name}`, () => {
        send(...before);
        done();
        send({ type: 'ANNOUNCED' });
        expect(done().filter((what) => what !== 'end exchange')).to.deep.equal(['hang up', 'connecting', 'dial']);
      });
    }

    it('[PE18] accepts a connection of the neighbour during backoff, and does not dial then', () => {
      send(lost);
      done();
      send(greeted);
      expect(done()).to.deep.equal(['begin exchange', 'catching-up']);
      clock.advance(60_000);
      expect(done()).to.not.include('dial');
    });
  });

  describe('at the end that is dialled', () => {
    beforeEach(() => begin(false));

    it('waits indefinitely, and never dials', () => {
      expect(done()).to.deep.equal(['connecting']);
      clock.advance(3_600_000);
      expect(done()).to.deep.equal([]);
    });

    it('completes the handshake, catches up and is live', () => {
      done();
      send(greeted, caughtUp);
      expect(done()).to.deep.equal(['begin exchange', 'catching-up', 'live']);
    });

    for (const [name, before] of [
      ['catching up', [greeted]],
      ['live', [greeted, caughtUp]],
    ] as const) {
      it(`waits for a connection when it loses a channel that is ${name}`, () => {
        send(...before);
        done();
        send(lost);
        expect(done()).to.deep.equal(['end exchange', 'connecting']);
        expect(actor.getSnapshot().context.reason).to.equal('cable cut');
        expect(clock.armedTimerCount).to.equal(0);
      });
    }
  });

  for (const dials of [true, false]) {
    describe(dials ? 'at either end, dialling' : 'at either end, called', () => {
      beforeEach(() => begin(dials));

      it('[PE18] starts a new session when the neighbour connects again while the old channel seems alive', () => {
        for (const before of [[greeted], [caughtUp]]) {
          send(...before);
          done();
          send(greeted);
          expect(done()).to.deep.equal(['end exchange', 'begin exchange', 'catching-up']);
        }
      });

      it('has no reason once the handshake is complete', () => {
        send(greeted, lost);
        clock.advance(50);
        send(greeted);
        expect(actor.getSnapshot().context.reason).to.equal('');
      });

      for (const [name, before] of [
        ['connecting', []],
        ['catching up', [greeted]],
        ['live', [greeted, caughtUp]],
        ['after a loss', [greeted, lost]],
      ] as const) {
        it(`stops from ${name} for ever`, () => {
          send(...before);
          done();
          send(stop);
          const stopping = done();
          expect(stopping).to.include('hang up');
          expect(stopping.at(-1)).to.equal('stopped');
          expect(stopping.includes('end exchange')).to.equal(name === 'catching up' || name === 'live');
          expect(clock.armedTimerCount).to.equal(0);
          send(greeted, lost, caughtUp, stop);
          clock.advance(60_000);
          expect(done()).to.deep.equal([]);
        });
      }

      it('has a session exactly while it is connected, for any sequence of events', () => {
        const event = fc.constantFrom<(PeerLinkEvent | number)[]>(greeted, caughtUp, lost, 40, 6_000);
        fc.assert(
          fc.property(fc.array(event), (events) => {
            begin(dials);
            for (const event of events) {
              if (typeof event === 'number') clock.advance(event);
              else send(event);
              const opened = did.filter((what) => what === 'begin exchange').length;
              const closed = did.filter((what) => what === 'end exchange').length;
              expect(opened - closed).to.equal(actor.getSnapshot().matches('connected') ? 1 : 0);
            }
          }),
        );
      });
    });
  }
});
