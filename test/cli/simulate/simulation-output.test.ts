import { expect } from 'chai';
import { Timeline } from '../../../src/cli/simulate/simulation-output.js';
import { TimelineRecorder } from '../../../src/simulation/report/timeline-recorder.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

/** What is told of a scenario as it goes, without the times. */
async function toldOf(text: string): Promise<string[]> {
  const scenario = createScenario(text);
  const lines: string[] = [];
  const timeline = new Timeline(scenario.herd.topology, (line) => lines.push(line.replace(/^ *\d+\.\d+ s {2}/, '')));
  await runSimulation(scenario, { onEntry: (atMs, event) => timeline.note(atMs, event) });
  return lines;
}

describe('the output of a simulation', () => {
  it('is each link that comes up and is lost, once for both its ends', async () => {
    const herd = 'herd: { servers: [A, B], topology: { A: [B] } }\nsettle: 2s';
    expect(await toldOf(`${herd}\nsteps: [{ at: 1s, crash: A }, { at: 2s, restart: A }]`)).to.deep.equal([
      '  A — B is live',
      '▶ crash: A',
      '  A — B is lost (ECONNRESET)',
      '▶ restart: A',
      '  A — B is live',
    ]);
  });

  it('is that a step does nothing, in the timeline of the page too', async () => {
    const herd = 'herd: { servers: [A, B] }\nsettle: 1s';
    const steps = `
  - { at: 1s, restart: [A, B] }
  - { at: 2s, crash: A }
  - { at: 3s, crash: all }
  - { at: 4s, pause: A }
  - { at: 5s, resume: B }
  - { at: 6s, restart: B }
  - { at: 7s, pause: B }
  - { at: 8s, pause: B }
  - { at: 9s, resume: B }`;
    const text = `${herd}\nsteps:${steps}`;
    expect(await toldOf(text)).to.deep.equal([
      '▶ restart: [A, B]',
      '  (A is up already)',
      '  (B is up already)',
      '▶ crash: A',
      '▶ crash: all',
      '  (A is down already)',
      '▶ pause: A',
      '  (A is down, and cannot be paused)',
      '▶ resume: B',
      '  (B is not paused)',
      '▶ restart: B',
      '▶ pause: B',
      '▶ pause: B',
      '  (B is paused already)',
      '▶ resume: B',
    ]);
    const scenario = createScenario(text);
    const recorder = new TimelineRecorder(scenario);
    const result = await runSimulation(scenario, { onEntry: (atMs, event) => recorder.observe(atMs, event) });
    const { steps: marks } = recorder.data(result);
    expect(marks.map(({ remarks }) => remarks.length)).to.deep.equal([2, 0, 1, 1, 1, 0, 0, 1, 0]);
  });

  it('is each connection to NATS that comes up or is lost', async () => {
    const herd = 'herd: { servers: [A], replication: { kind: nats }, peers: { heartbeatMs: 200 } }\nsettle: 1s';
    const steps = `
  - { at: 2s, broker: down }`;
    expect(await toldOf(`${herd}\nsteps:${steps}`)).to.deep.equal([
      '  A — NATS is live',
      '▶ broker: down',
      '  A — NATS is lost (the connection was reset)',
    ]);
  });
});
