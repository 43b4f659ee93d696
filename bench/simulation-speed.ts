import { runScenario } from '../src/simulation/run/runner.js';
import { parseScenario } from '../src/simulation/scenario/scenario-loader.js';
import { VirtualWorld } from '../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../src/upstreams/twitter.js';

/*
 * How fast the virtual world is: the five servers that come with herd, at a hundred updates a second, with every invariant
 * watched. Simulated seconds a second of one core, by this process' own time and by the wall's.
 */

const simulatedSeconds = 120;

const scenario = parseScenario(
  'speed.yaml',
  `
name: speed
herd:
  servers: [Blake, Bryant, Gasol, Howard, Metta]
  talks: { Blake: [Bryant, Howard], Gasol: [Bryant, Howard], Metta: [Bryant] }
clients: { count: 500, rate: 100/s, clockSkew: 5s, late: 5% }
settle: 2s
steps: [{ at: ${simulatedSeconds}s, expect: converged }]
`,
  {},
);
const upstream = twitterSearch('http://upstream.simulated');

for (let round = 1; round <= 3; round += 1) {
  const startedMs = performance.now();
  const startedUsage = process.cpuUsage();
  const { verdict, simulatedMs, measures } = await runScenario(scenario, {
    world: (tell) => new VirtualWorld(scenario, upstream, tell),
  });
  const { user, system } = process.cpuUsage(startedUsage);
  const ofCore = simulatedMs / ((user + system) / 1_000);
  const ofWall = simulatedMs / (performance.now() - startedMs);
  process.stdout.write(
    `${verdict}, ${measures.updates.attempted} updates: ${ofCore.toFixed(0)} simulated seconds a second of a core, ${ofWall.toFixed(0)} by the wall\n`,
  );
}
