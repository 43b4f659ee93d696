import { expect } from 'chai';
import { Timeline } from '../../src/cli/simulation-output.js';
import { scenarioOf, simulate } from '../simulation/simulate.js';

/** What is told of a scenario as it goes, without the times. */
async function toldOf(text: string): Promise<string[]> {
  const scenario = scenarioOf(text);
  const lines: string[] = [];
  const timeline = new Timeline(scenario.herd.topology, (line) => lines.push(line.replace(/^ *\d+\.\d+ s {2}/, '')));
  await simulate(scenario, { onEntry: (atMs, event) => timeline.note(atMs, event) });
  return lines;
}

describe('what is told of a simulation as it goes', () => {
  it('is each link that comes up and is lost, once for both its ends', async () => {
    const herd = 'herd: { servers: [A, B], talks: { A: [B] } }\nsettle: 2s';
    expect(await toldOf(`${herd}\nsteps: [{ at: 1s, crash: A }, { at: 2s, restart: A }]`)).to.deep.equal([
      '  A — B is live',
      '▶ crash: A',
      '  A — B is lost (ECONNRESET)',
      '▶ restart: A',
      '  A — B is live',
    ]);
  });

  it('is each connection to the engine that comes up, is lost, or takes nothing', async () => {
    const herd = 'herd: { servers: [A], spread: { kind: nats } }\nsettle: 2s';
    const report = "{ server: A, client: kiwi, position: '+34+118' }";
    const steps = `
  - { at: 1s, engine: full }
  - { at: 2s, report: ${report} }
  - { at: 3s, engine: up }
  - { at: 5s, engine: down }`;
    expect(await toldOf(`${herd}\nsteps:${steps}`)).to.deep.equal([
      '  A — engine is live',
      '▶ engine: full',
      '▶ report: {server: A, client: kiwi, position: +34+118}',
      '  A — engine takes nothing (the store of the engine is full)',
      '▶ engine: up',
      '  A — engine is live',
      '▶ engine: down',
      '  A — engine is lost (the connection was reset)',
    ]);
  });
});
