import { herd } from '../systems/all.js';
import type { Talks } from '../systems/contestant.js';
import type { LoadOrder, LoadResult } from '../load/order.js';
import { interleaved, playTurn, warmUp, withAll, type Competitor, type Entry } from './field.js';
import type { Measure } from './measure.js';
import { fill, targetOf } from './throughput.js';

/** A size of what grows, and how the load and the herd are then. */
interface Step {
  readonly size: number;
  readonly talks: Talks;
  readonly load: Pick<LoadOrder, 'connections' | 'clients' | 'pace'>;
  /** Whether the cost is that of the first server, or of all. */
  readonly cost: 'first server' | 'herd';
}

/** What an update costs as something grows. */
function growth(name: string, title: string, steps: readonly Step[]): Measure {
  return {
    name,
    title,
    runs: 'full run',
    async run(bench) {
      const byName = new Map(steps.map((step) => [step.size.toLocaleString('en-GB'), step]));
      const entries = [...byName].map(([of, { talks }]): Entry => ({
        name: of,
        contestant: herd,
        shape: { talks, log: 'every line' },
      }));
      await withAll(bench, entries, async (competitors) => {
        const stepOf = ({ name: size }: Competitor): Step => {
          const step = byName.get(size);
          if (step === undefined) throw new Error(`no step of ${name} is ${size}`);
          return step;
        };
        for (const competitor of competitors) {
          await fill(bench, competitor, stepOf(competitor).load.clients);
          bench.say(`  ${competitor.name}: filled`);
        }
        const orderOf = (competitor: Competitor): LoadOrder => ({
          ...targetOf(competitor),
          ...stepOf(competitor).load,
          workload: 'iamat',
          warmUpMs: bench.effort.warmUpMs,
          warmUpRounds: 0,
          measureMs: bench.effort.measureMs,
          behindAllowedMs: 400,
        });
        await warmUp(bench, competitors, orderOf);
        const results = await interleaved(bench.effort.rounds, competitors, async (competitor) => {
          const result = await playTurn(bench, competitor, orderOf(competitor));
          const all = stepOf(competitor).cost === 'herd';
          return microsOf(result, (server) => all || server === 'Metta', [...competitor.running.pids.keys()]);
        });
        for (const [subject, values] of results) {
          bench.figures.add({ measure: name, subject, metric: 'CPU an update', unit: 'µs', values });
        }
      });
    },
  };
}

function microsOf(
  { whole: { cpuMs, answers } }: LoadResult,
  counts: (server: string) => boolean,
  pids: readonly string[],
): number {
  const ms = cpuMs.reduce((sum, each, index) => (counts(pids[index] ?? '') ? sum + each : sum), 0);
  return (ms * 1_000) / answers;
}

const pipelined = { kind: 'closed', depth: 16 } as const;

/** A fixed rate that any herd manages: what grows is then not the number of commands that come together. */
const slow = { kind: 'open', perSecond: 2_000 } as const;

const star = (neighbours: number): Talks => ({
  Metta: Array.from({ length: neighbours }, (_, index) => `N${String(index + 1).padStart(2, '0')}`),
});

export const growths: readonly Measure[] = [
  growth(
    'clients',
    'Cost of an update over two servers, as clients stored grow',
    [1_000, 10_000, 100_000, 1_000_000].map((clients) => ({
      size: clients,
      talks: { Blake: ['Metta'] },
      load: { clients, connections: 32, pace: pipelined },
      cost: 'herd',
    })),
  ),
  growth(
    'connections',
    'Cost of an update at a server alone, 2,000 a second, as connections grow',
    [1, 10, 100, 1_000, 10_000].map((connections) => ({
      size: connections,
      talks: { Metta: [] },
      load: { clients: 20_000, connections, pace: slow },
      cost: 'herd',
    })),
  ),
  growth(
    'neighbours',
    'Cost of an update at the first server, 2,000 a second, as its neighbours grow',
    [1, 2, 4, 8, 16, 32].map((neighbours) => ({
      size: neighbours,
      talks: star(neighbours),
      load: { clients: 1_000, connections: 64, pace: slow },
      cost: 'first server',
    })),
  ),
];
