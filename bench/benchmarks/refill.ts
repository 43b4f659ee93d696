import { BenchHerd } from '../support/bench-herd.js';
import type { BenchSystem, RunningSystem } from '../systems/system.js';
import { runTurn } from './lineup.js';
import type { Benchmark } from './benchmark.js';
import { targetFields } from './throughput.js';

const clients = 1_000_000;

/** Time that an empty server needs from its start until it has all locations of its neighbour. */
export const refill: Benchmark = {
  name: 'refill',
  title: 'Refill of an empty server by its neighbour, 1,000,000 locations',
  occasion: 'full-run',
  async run(bench) {
    const settings = { limits: { maxCommandsPerSecond: 1_000_000, maxClients: 2_000_000 } };
    const herd = await BenchHerd.start({ topology: { Blake: ['Metta'] }, settings, proxies: 'none' });
    try {
      await herd.kill('Blake');
      const runningSystem: RunningSystem = {
        ports: new Map([['Metta', herd.portOf('Metta')]]),
        pids: new Map(),
        logs: undefined,
        stop: () => herd.stop(),
      };
      const system: BenchSystem = {
        name: 'Metta',
        missingReason: () => undefined,
        start: () => Promise.resolve(runningSystem),
      };
      const shape = { topology: { Metta: [] }, log: 'every-line' } as const;
      const runningEntry = { name: 'Metta', system, shape, runningSystem };
      await runTurn(bench, runningEntry, {
        ...targetFields(runningEntry),
        workload: 'iamat',
        mode: { kind: 'closed', depth: 16 },
        connections: 64,
        clients,
        warmUpMs: 0,
        warmUpRounds: 1,
        measureMs: 100,
        maxLagMs: Infinity,
      });
      const fromBytes = herd.logBytes('Metta');
      const startedMs = performance.now();
      await herd.launch('Blake');
      const readyMs = performance.now() - startedMs;
      await herd.waitForLiveLink('Metta', 'Blake', fromBytes);
      await herd.waitForLiveLink('Blake', 'Metta', 0);
      const of = { benchmark: refill.name, subject: 'Herd, two processes', unit: 's' } as const;
      bench.figures.add({ ...of, metric: 'accepts clients after', values: [readyMs / 1_000] });
      bench.figures.add({ ...of, metric: 'refilled after', values: [(performance.now() - startedMs) / 1_000] });
    } finally {
      await herd.stop();
    }
  },
};
