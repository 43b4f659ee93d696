import { expect } from 'chai';
import type { TraceEvent } from '../../../src/simulation/run/trace.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

const flooding = 'herd: { servers: [Ada, Bob], topology: { Ada: [Bob] } }\nsettle: 1s';
const onNats = `
herd: { servers: [Ada, Bob, Cleo], replication: { kind: nats, replicas: 1 }, peers: { heartbeatMs: 200, antiEntropySeconds: 1 } }
settle: 1s`;
const kiwi = "client: kiwi, position: '+34.068930-118.445127'";

/** Plays a scenario; returns its violations, and the starts and ends of servers: `1000 started Ada`. */
async function play(text: string): Promise<{ violations: readonly unknown[]; changes: string[]; links: string[] }> {
  const { violations, trace, simulatedMs } = await runSimulation(createScenario(text), { keepsTrace: true });
  const running = trace.filter(({ atMs }) => atMs < simulatedMs);
  return {
    violations,
    changes: running.flatMap(({ atMs, event }) => wordsOf(Math.round(atMs), event)),
    links: running.flatMap(({ event }) =>
      event.kind === 'link' ? [`${event.server} ${event.state} ${event.reason}`] : [],
    ),
  };
}

function wordsOf(atMs: number, event: TraceEvent): string[] {
  switch (event.kind) {
    case 'started':
    case 'left':
    case 'down':
      return [`${atMs} ${event.kind} ${event.server}`];
    default:
      return [];
  }
}

describe('servers that join and leave', () => {
  it('do not run before they join, and stop in an orderly way when they leave', async () => {
    const { violations, changes, links } = await play(`${flooding}
steps:
  - { at: 2s, join: Bob }
  - { at: 4s, report: { server: Bob, ${kiwi} } }
  - { at: 5s, expect: { server: Ada, ${kiwi} } }
  - { at: 6s, leave: Bob }
  - { at: 8s, join: Bob }
  - { at: 10s, expect: { server: Bob, ${kiwi} } }
  - { at: 14s, expect: converged }`);
    expect(violations).to.deep.equal([]);
    expect(changes).to.deep.equal([
      '0 started Ada',
      '2000 started Bob',
      '6000 left Bob',
      '6000 down Bob',
      '8000 started Bob',
    ]);
    expect(links).to.include('Ada backoff Bob was stopped');
  });

  it('keep on disk what they learned to the last moment', async () => {
    const { violations } = await play(`${flooding}
network: { delay: 1ms }
steps:
  - { at: 1s, cut: [Ada, Bob] }
  - { at: 2s, report: { server: Bob, ${kiwi} } }
  - { at: 2010ms, leave: Bob }
  - { at: 4s, restart: Bob }
  - { at: 5s, expect: { server: Bob, ${kiwi} } }
  - { at: 6s, heal: all }
  - { at: 14s, expect: converged }`);
    expect(violations).to.deep.equal([]);
  });

  it('leave a herd on NATS without losing what they alone held', async () => {
    const { changes, violations } = await play(`${onNats}
network: { delay: 1ms..5ms }
steps:
  - { at: 2s, report: { server: Ada, ${kiwi} } }
  - { at: 4s, leave: [Ada, Bob] }
  - { at: 12s, expect: { server: Cleo, ${kiwi} } }`);
    expect(violations).to.deep.equal([]);
    expect(changes.slice(3).map((text) => text.replace(/^\d+ /, ''))).to.have.members([
      'left Ada',
      'down Ada',
      'left Bob',
      'down Bob',
    ]);
  });

  it('start again after they have left if a restart comes while they leave', async () => {
    const { changes } = await play(`${onNats}
network: { delay: 1ms..5ms }
steps:
  - { at: 4s, leave: Ada }
  - { at: 4010ms, restart: Ada }
  - { at: 14s, heal: all }`);
    expect(changes.slice(3).map((text) => text.replace(/^\d+ /, ''))).to.deep.equal([
      'left Ada',
      'down Ada',
      'started Ada',
    ]);
  });
});
