import { expect } from 'chai';
import { formatVerdict } from '../../../src/cli/simulate/simulation-output.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

const kiwi = "client: kiwi, position: '+34.068930-118.445127'";

/** What is measured of two servers and what they are told, when a story of theirs has ended. */
function play(steps: string) {
  return runSimulation(createScenario(`herd: { servers: [A, B], topology: { A: [B] } }\nsettle: 1s\nsteps:\n${steps}`));
}

describe('RunMetricsRecorder', () => {
  it('is the herd as it was at the end: a location behind a cut is stale, and what waits for it has not recovered', async () => {
    const result = await play(`
  - { at: 1s, cut: [A, B] }
  - { at: 2s, report: { server: A, ${kiwi} } }
  - { at: 3s, resume: B }`);
    expect(result.verdict).to.equal('passed');
    expect(result.metrics.updates).to.deep.equal({ attempted: 1, acknowledged: 1, stable: 0, lost: 0, stale: 1 });
    expect(result.metrics.recoveries).to.deep.equal([{ atMs: 3_000, step: 'resume: B', recoveredAfterMs: undefined }]);
    expect(formatVerdict(result, 0)).to.include('3.000 s      resume: B: not recovered');
  });

  it('counts an unaffected herd as recovered at once, and measures an affected one', async () => {
    const { metrics } = await play(`
  - { at: 2s, heal: all }
  - { at: 3s, crash: B }
  - { at: 4s, restart: B }
  - { at: 9s, expect: converged }`);
    const [healed, restarted] = metrics.recoveries.map(({ recoveredAfterMs }) => recoveredAfterMs);
    expect(healed).to.equal(0);
    expect(restarted).to.be.within(1, 5_000);
  });

  it('counts a location as lost that goes with the last server that holds it', async () => {
    const { metrics } = await play(`
  - { at: 1s, cut: [A, B] }
  - { at: 2s, report: { server: A, ${kiwi} } }
  - { at: 3s, crash: A }`);
    expect(metrics.updates).to.include({ stable: 0, lost: 1, stale: 0 });
  });
});
