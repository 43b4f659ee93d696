import type { Contestant, Running, Shape } from '../systems/contestant.js';
import type { LoadOrder, LoadResult } from '../load/order.js';
import { emptyLogs } from '../support/logs.js';
import type { Bench } from './measure.js';

/** One contestant of a measure, under a name of its own: the same may run with and without a log. */
export interface Entry {
  readonly name: string;
  readonly contestant: Contestant;
  readonly shape: Shape;
}

/** A contestant that is up, for the length of a measure. */
export interface Competitor extends Entry {
  readonly running: Running;
}

/** Starts those that can run here, has the measure made, and stops them. Says who is missing. */
export async function withAll(
  bench: Bench,
  entries: readonly Entry[],
  measure: (competitors: readonly Competitor[]) => Promise<void>,
): Promise<void> {
  const competitors: Competitor[] = [];
  try {
    for (const entry of entries) {
      const missing = entry.contestant.missing();
      if (missing !== undefined) bench.figures.note(`${entry.name} is left out: ${missing}`);
      else competitors.push({ ...entry, running: await entry.contestant.start(entry.shape) });
    }
    await measure(competitors);
  } finally {
    for (const { running } of competitors) await running.stop();
  }
}

/** Has each do the same, turn by turn, another one first each round. Returns what came of it by name, round by round. */
export async function interleaved<Result>(
  rounds: number,
  competitors: readonly Competitor[],
  turn: (competitor: Competitor, round: number) => Promise<Result>,
): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(competitors.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % competitors.length;
    for (const competitor of [...competitors.slice(shift), ...competitors.slice(0, shift)]) {
      results.get(competitor.name)?.push(await turn(competitor, round));
    }
  }
  return results;
}

/** Has each do the same, long enough that what runs often is compiled: the five processes of a herd share one core for that, too. */
export async function warmUp(
  bench: Bench,
  competitors: readonly Competitor[],
  orderOf: (competitor: Competitor) => LoadOrder,
): Promise<void> {
  for (const competitor of competitors) {
    await playTurn(bench, competitor, { ...orderOf(competitor), warmUpMs: bench.effort.beforeMs, measureMs: 100 });
  }
}

/** Plays one turn of load, and notes what would make its figures worthless. */
export async function playTurn(bench: Bench, { name, running }: Competitor, order: LoadOrder): Promise<LoadResult> {
  const result = await bench.generator.play(order);
  const { figures } = bench;
  if (result.wrong > 0) figures.note(`${name}: ${result.wrong} commands were not answered as they should be`);
  if (running.logs !== undefined) {
    const lost = emptyLogs(running.logs);
    if (lost > 0) figures.note(`${name}: its log lost lines`);
  }
  return result;
}
