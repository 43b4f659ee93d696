import { bareNode, herd, herdInOne, twisted } from '../systems/all.js';
import { fiveServers } from '../systems/contestant.js';
import type { Measure } from './measure.js';

/** From the start of the first process until five servers take clients and are linked. */
export const startUp: Measure = {
  name: 'start-up',
  title: 'Start of a herd of five, until all take clients and are linked',
  runs: 'full run',
  async run({ effort, figures }) {
    const contestants = [herd, herdInOne, bareNode, twisted].filter((each) => each.missing() === undefined);
    const tookMs = new Map<string, number[]>();
    for (let round = 0; round < effort.rounds; round += 1) {
      for (const contestant of contestants) {
        const startedMs = performance.now();
        const running = await contestant.start({ talks: fiveServers, log: 'every line' });
        tookMs.set(contestant.name, [...(tookMs.get(contestant.name) ?? []), performance.now() - startedMs]);
        await running.stop();
      }
    }
    for (const [subject, values] of tookMs) {
      figures.add({ measure: startUp.name, subject, metric: 'ready after', unit: 'ms', values });
    }
  },
};
