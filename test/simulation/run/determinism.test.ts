import { expect } from 'chai';
import { createScenario, runSimulation } from '../../support/simulate.js';

/** Everything that could make two runs differ: crashes, cuts, late bytes, wrong clocks, and promises of the upstream. */
const stormy = `
network: { delay: 1ms..60ms, loss: 3%, duplicate: 2%, bandwidth: 200KB/s }
clients: { count: 10, rate: 10/s, clockSkew: 5s, late: 10%, queries: 20% }
settle: 3s
steps:
  - { at: 500ms, cut: [Blake, Howard], oneway: true }
  - { at: 600ms, upstream: garbage }
  - { at: 1s, crash: Bryant, keep: disk }
  - { at: 1200ms, pause: Gasol }
  - { at: 1500ms, clock: { server: Metta, jump: 1h, drift: 5% } }
  - { at: 2s, restart: Bryant }
  - { at: 2s, resume: Gasol }
  - { at: 2500ms, heal: all }
`;

describe('a run in the virtual environment', () => {
  it('gives the same trace to the byte for the same seed, for a hundred seeds', async function () {
    this.timeout(120_000);
    const hashes = new Set<string>();
    for (let seed = 0; seed < 100; seed += 1) {
      const [first, second] = [
        await runSimulation(createScenario(stormy, seed)),
        await runSimulation(createScenario(stormy, seed)),
      ];
      expect(second.traceHash, `seed ${seed}`).to.equal(first.traceHash);
      expect(second, `seed ${seed}`).to.deep.equal(first);
      hashes.add(first.traceHash);
    }
    expect(hashes.size, 'seeds lead to different runs').to.equal(100);
  });
});
