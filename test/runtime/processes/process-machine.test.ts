import { expect } from 'chai';
import { createActor, type Actor } from 'xstate';
import { processMachine, type ProcessEvent } from '../../../src/runtime/processes/process-machine.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

const started: ProcessEvent = { type: 'STARTED' };
const exited: ProcessEvent = { type: 'EXITED' };
const stop: ProcessEvent = { type: 'STOP' };

describe('processMachine', () => {
  let clock: VirtualClock;
  let did: string[];
  let life: Actor<typeof processMachine>;

  beforeEach(() => {
    clock = new VirtualClock();
    did = [];
    const machine = processMachine.provide({
      actions: { spawn: () => did.push('spawn'), terminate: () => did.push('terminate'), kill: () => did.push('kill') },
    });
    life = createActor(machine, { clock, input: { random: { next: () => 0.5 } } }).start();
  });

  function send(...events: ProcessEvent[]): void {
    for (const event of events) life.send(event);
  }

  const state = () => life.getSnapshot().value;

  /** Returns and clears the recorded actions. */
  const done = () => did.splice(0);

  it('is running when its server is listening', () => {
    expect(done()).to.deep.equal(['spawn']);
    expect(state()).to.equal('starting');
    send(started);
    expect(state()).to.equal('running');
    clock.advance(3_600_000);
    expect(done()).to.deep.equal([]);
  });

  it('is restarted after a backoff if its server never listened', () => {
    send(exited);
    expect(state()).to.equal('backoff');
    clock.advance(50);
    expect(done()).to.deep.equal(['spawn', 'spawn']);
    send(started);
    expect(state()).to.equal('running');
  });

  it('is restarted after a backoff when it exits', () => {
    send(started, exited);
    done();
    expect(state()).to.equal('backoff');
    clock.advance(49);
    expect(done()).to.deep.equal([]);
    clock.advance(1);
    expect(done()).to.deep.equal(['spawn']);
    expect(state()).to.equal('starting');
    send(started);
    expect(state()).to.equal('running');
  });

  it('is restarted indefinitely with growing backoff while starts fail', () => {
    send(started, exited);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(state()).to.equal('backoff');
      pauses.push(life.getSnapshot().context.delayMs);
      clock.advance(30_000);
      send(exited);
    }
    expect(pauses.slice(0, 10)).to.deep.equal([50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000]);
    expect(done()).to.have.lengthOf(1 + pauses.length);
  });

  it('is restarted indefinitely with growing backoff while it exits soon after listening', () => {
    const pauses: number[] = [];
    for (let run = 0; run < 50; run += 1) {
      send(started, exited);
      pauses.push(life.getSnapshot().context.delayMs);
      clock.advance(30_000);
    }
    expect(state()).to.equal('starting');
    expect(pauses.slice(0, 12)).to.deep.equal([
      50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000, 15_000,
    ]);
  });

  it('is restarted soon after a healthy minute', () => {
    send(started, exited);
    clock.advance(5_000);
    send(started);
    clock.advance(59_999);
    expect(life.getSnapshot().context.failures).to.equal(1);
    clock.advance(1);
    send(exited);
    expect(life.getSnapshot().context).to.include({ failures: 1, delayMs: 50 });
  });

  for (const [name, before] of [
    ['starting', []],
    ['running', [started]],
  ] as const) {
    it(`is terminated from ${name} and stopped when it has exited`, () => {
      send(...before);
      expect(state()).to.equal(name);
      done();
      send(stop);
      expect(done()).to.deep.equal(['terminate']);
      expect(state()).to.equal('stopping');
      send(started);
      expect(state(), 'a start that comes too late').to.equal('stopping');
      send(exited);
      expect(state()).to.equal('stopped');
      clock.advance(60_000);
      expect(done()).to.deep.equal([]);
    });
  }

  it('is killed if it has not exited 13 seconds after it was terminated', () => {
    send(started, stop);
    done();
    clock.advance(12_999);
    expect(done()).to.deep.equal([]);
    clock.advance(1);
    expect(done()).to.deep.equal(['kill']);
    expect(state()).to.equal('stopping');
    send(exited);
    expect(state()).to.equal('stopped');
  });

  it('stops at once from backoff', () => {
    send(started, exited);
    done();
    send(stop);
    expect(state()).to.equal('stopped');
    clock.advance(60_000);
    expect(done()).to.deep.equal([]);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
