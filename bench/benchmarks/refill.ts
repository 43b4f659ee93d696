import { BenchHerd } from '../support/bench-herd.js';
import type { Contestant, Running } from '../systems/contestant.js';
import { playTurn } from './field.js';
import type { Measure } from './measure.js';
import { targetOf } from './throughput.js';

const clients = 1_000_000;

/** How long a server that has lost everything takes to know it again, from its start. */
export const refill: Measure = {
  name: 'refill',
  title: 'An empty server is filled again by its neighbour with 1,000,000 locations',
  runs: 'full run',
  async run(bench) {
    const settings = { limits: { commandsPerSecondMax: 1_000_000, clientsMax: 2_000_000 } };
    const herd = await BenchHerd.start({ talks: { Blake: ['Metta'] }, settings, proxies: 'none' });
    try {
      await herd.kill('Blake');
      const running: Running = {
        ports: new Map([['Metta', herd.portOf('Metta')]]),
        pids: new Map(),
        logs: undefined,
        stop: () => herd.stop(),
      };
      const contestant: Contestant = { name: 'Metta', missing: () => undefined, start: () => Promise.resolve(running) };
      const shape = { talks: { Metta: [] }, log: 'every line' } as const;
      const competitor = { name: 'Metta', contestant, shape, running };
      await playTurn(bench, competitor, {
        ...targetOf(competitor),
        workload: 'iamat',
        pace: { kind: 'closed', depth: 16 },
        connections: 64,
        clients,
        warmUpMs: 0,
        warmUpRounds: 1,
        measureMs: 100,
        behindAllowedMs: Infinity,
      });
      const fromBytes = herd.logBytes('Metta');
      const startedMs = performance.now();
      await herd.launch('Blake');
      const readyMs = performance.now() - startedMs;
      await herd.linkIsLive('Metta', 'Blake', fromBytes);
      await herd.linkIsLive('Blake', 'Metta', 0);
      const of = { measure: refill.name, subject: 'Herd, two processes', unit: 's' } as const;
      bench.figures.add({ ...of, metric: 'takes clients after', values: [readyMs / 1_000] });
      bench.figures.add({ ...of, metric: 'knows all after', values: [(performance.now() - startedMs) / 1_000] });
    } finally {
      await herd.stop();
    }
  },
};
