import { bareNode, herd, herdInOne, twisted } from '../systems/all.js';
import { fiveServers } from '../systems/system.js';
import type { Benchmark } from './benchmark.js';

/** Time from the start of the first process until all five servers accept clients and are linked. */
export const startUp: Benchmark = {
  name: 'start-up',
  title: 'Start of a herd of five, until all servers accept clients and are linked',
  occasion: 'full-run',
  async run({ settings, figures }) {
    const systems = [herd, herdInOne, bareNode, twisted].filter((each) => each.missingReason() === undefined);
    const durationsMs = new Map<string, number[]>();
    for (let round = 0; round < settings.rounds; round += 1) {
      for (const system of systems) {
        const startedMs = performance.now();
        const running = await system.start({ topology: fiveServers, log: 'every-line' });
        durationsMs.set(system.name, [...(durationsMs.get(system.name) ?? []), performance.now() - startedMs]);
        await running.stop();
      }
    }
    for (const [subject, values] of durationsMs) {
      figures.add({ benchmark: startUp.name, subject, metric: 'ready after', unit: 'ms', values });
    }
  },
};
