import { expect } from 'chai';
import { Outbox } from '../../../src/actors/peer/outbox.js';
import type { SimulationEvent } from '../../../src/simulation/environment.js';
import { VirtualEnvironment } from '../../../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { restoreMethods, injectBug } from '../invariants/inject-bug.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

/** Metta's line carries a fraction of what there is to tell it, which is dropped again and again; then it is as before. */
const scenario = `
herd:
  servers: [Blake, Bryant, Metta]
  topology: { Bryant: [Blake, Metta] }
  limits: { maxPeerOutputBufferBytes: 8192 }
  peers: { antiEntropySeconds: 300 }
network: { delay: 1ms..10ms, buffers: 4KB }
clients: { count: 60, rate: 60/s }
settle: 20s
steps:
  - { at: 2s, slow: { edge: [Bryant, Metta], delay: 200ms..400ms, bandwidth: 1KB/s } }
  - { at: 20s, heal: all }
`;

/** Plays it; returns the invariants that are broken, and how often something was dropped. */
async function play(): Promise<{ broken: string[]; drops: number }> {
  let drops = 0;
  const played = createScenario(scenario);
  const count = (event: SimulationEvent) => {
    if (event.kind === 'backlog-dropped') drops += 1;
  };
  const { violations } = await runSimulation(played, {
    createEnvironment: (tell) =>
      new VirtualEnvironment(played, twitterSearch('http://upstream.simulated'), (event) => {
        count(event);
        tell(event);
      }),
  });
  return { broken: violations.map(({ invariant }) => invariant), drops };
}

describe('a peer output buffer over its limit', () => {
  afterEach(restoreMethods);

  it('comes to hold what the others do, long before the next comparison is due', async () => {
    const { broken, drops } = await play();
    expect(drops).to.be.above(0);
    expect(broken).to.deep.equal([]);
  });

  it('would not, were it not compared', async () => {
    injectBug(Outbox, 'flush', (outbox, _, sound) => {
      Reflect.set(outbox, 'isComparisonDue', false);
      return sound();
    });
    expect((await play()).broken).to.include('agreement');
  });
});
