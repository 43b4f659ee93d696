import { runScenario } from '../src/simulation/run/runner.js';
import { parseScenario } from '../src/simulation/scenario/scenario-loader.js';
import { VirtualEnvironment } from '../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../src/upstreams/twitter.js';

/*
 * Measures the speed of the virtual environment: the default herd of five servers at 100 updates per second with every invariant
 * checked. Prints simulated seconds per second of CPU time and of wall-clock time.
 *
 *   npm run bench:simulation
 */

const simulatedSeconds = 120;

const scenario = parseScenario(
  'speed.yaml',
  `
name: speed
herd:
  servers: [Blake, Bryant, Gasol, Howard, Metta]
  topology: { Blake: [Bryant, Howard], Gasol: [Bryant, Howard], Metta: [Bryant] }
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
  const { verdict, simulatedMs, metrics } = await runScenario(scenario, {
    createEnvironment: (onEvent) => new VirtualEnvironment(scenario, upstream, onEvent),
  });
  const { user, system } = process.cpuUsage(startedUsage);
  const perCpuSecond = simulatedMs / ((user + system) / 1_000);
  const perWallSecond = simulatedMs / (performance.now() - startedMs);
  process.stdout.write(
    `${verdict}, ${metrics.updates.attempted} updates: ${perCpuSecond.toFixed(0)} simulated seconds per CPU second, ${perWallSecond.toFixed(0)} per wall-clock second\n`,
  );
}
