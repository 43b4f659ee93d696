import { expect } from 'chai';
import { Outbox } from '../../../src/actors/peer/outbox.js';
import type { WorldEvent } from '../../../src/simulation/environment.js';
import { VirtualWorld } from '../../../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { digUp, plant } from '../invariants/plant.js';
import { scenarioOf, simulate } from '../../support/simulate.js';

/** Metta's line carries a fraction of what there is to tell it, which is dropped again and again; then it is as before. */
const scenario = `
herd:
  servers: [Blake, Bryant, Metta]
  talks: { Bryant: [Blake, Metta] }
  limits: { linkBacklogBytesMax: 8192 }
  links: { repairSeconds: 300 }
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
  const played = scenarioOf(scenario);
  const count = (event: WorldEvent) => {
    if (event.kind === 'backlog-dropped') drops += 1;
  };
  const { violations } = await simulate(played, {
    world: (tell) =>
      new VirtualWorld(played, twitterSearch('http://upstream.simulated'), (event) => {
        count(event);
        tell(event);
      }),
  });
  return { broken: violations.map(({ invariant }) => invariant), drops };
}

describe('a neighbour for which more waits than may', () => {
  afterEach(digUp);

  it('comes to hold what the others do, long before the next comparison is due', async () => {
    const { broken, drops } = await play();
    expect(drops).to.be.above(0);
    expect(broken).to.deep.equal([]);
  });

  it('would not, were it not compared', async () => {
    plant(Outbox, 'flush', (outbox, _, sound) => {
      Reflect.set(outbox, 'comparison', 'not due');
      return sound();
    });
    expect((await play()).broken).to.include('agreement');
  });
});
