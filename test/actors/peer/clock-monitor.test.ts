import { expect } from 'chai';
import { ClockMonitor } from '../../../src/actors/peer/clock-monitor.js';
import type { ClockEvent, NeighbourClockEvent } from '../../../src/actors/bus/events.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { toServerId } from '../../support/fake-location.js';

describe('[PE30] ClockMonitor', () => {
  let bus: MessageBus;
  let neighbours: NeighbourClockEvent[];
  let own: ClockEvent[];

  beforeEach(() => {
    bus = strictBus();
    neighbours = collectEvents(bus, 'neighbour-clock');
    own = collectEvents(bus, 'clock');
    bus.attach(addresses.clockMonitor, new ClockMonitor(bus));
  });

  function hear(neighbour: string, ...offsetsMs: number[]): void {
    for (const offsetMs of offsetsMs) {
      bus.send(addresses.clockMonitor, { kind: 'clock-received', neighbour: toServerId(neighbour), offsetMs });
    }
  }

  /** Three beats, which leave nothing of those before. */
  function settle(neighbour: string, offsetMs: number): void {
    hear(neighbour, offsetMs, offsetMs, offsetMs);
  }

  function lose(neighbour: string): void {
    bus.send(addresses.clockMonitor, { kind: 'clock-lost', neighbour: toServerId(neighbour) });
  }

  const ownNow = () => own.at(-1)?.state ?? 'agrees';
  const warnings = () => neighbours.splice(0).filter(({ warning }) => warning !== 'none');

  it('uses the smallest difference of the last three heartbeats, so that a delayed one does not count', () => {
    hear('Blake', -5, -4_000, -9_000);
    expect(neighbours.map(({ offsetMs }) => offsetMs)).to.deep.equal([-5, -5, -5]);
    hear('Blake', -3_000);
    expect(neighbours.at(-1)).to.include({ offsetMs: -3_000 });
    hear('Blake', 20);
    expect(neighbours.at(-1)).to.include({ offsetMs: 20 });
  });

  it('warns once of a difference above one second, and reports its end', () => {
    hear('Blake', 1_000, 1_000, 1_000);
    expect(warnings()).to.deep.equal([]);
    settle('Blake', -1_001);
    settle('Blake', -70_000);
    settle('Blake', -600);
    expect(warnings().map(({ offsetMs, warning }) => [offsetMs, warning])).to.deep.equal([[-1_001, 'begins']]);
    settle('Blake', 500);
    expect(warnings().map(({ warning }) => warning)).to.deep.equal(['ends']);
  });

  it('distrusts its own clock if more than half of its neighbours differ by more than 60 s', () => {
    settle('Blake', -60_001);
    expect(ownNow(), 'with one neighbour, neither end knows whose clock is wrong').to.equal('differs');
    expect(own.at(-1)?.reason).to.equal('the clock differs by more than 60 s from Blake');
    settle('Gasol', 60_000);
    expect(ownNow(), 'one of two is not most').to.equal('agrees');
    settle('Metta', 86_400_000);
    expect(own.at(-1)).to.deep.equal({
      kind: 'clock',
      state: 'differs',
      reason: 'the clock differs by more than 60 s from Blake, Metta, 2 of 3 connected neighbours',
    });
    hear('Metta', 0);
    expect(own.at(-1)).to.deep.equal({ kind: 'clock', state: 'agrees', reason: '' });
  });

  it('counts connected neighbours only, and trusts its clock without any', () => {
    settle('Blake', 90_000);
    settle('Gasol', 90_000);
    settle('Metta', 0);
    expect(ownNow()).to.equal('differs');
    lose('Gasol');
    expect(ownNow()).to.equal('agrees');
    lose('Metta');
    expect(ownNow()).to.equal('differs');
    lose('Blake');
    expect(ownNow()).to.equal('agrees');
    hear('Blake', 5);
    expect(neighbours.at(-1), 'of the connection before nothing counts').to.include({ offsetMs: 5 });
  });
});
