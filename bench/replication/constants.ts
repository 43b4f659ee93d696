import type { Figures } from '../report/figure.js';
import { fit } from './fit.js';
import { spreadCost } from './cost.js';
import { spreadMemory } from './memory.js';
import { shapesOf, type SpreadShape } from './shapes.js';

/** What the model of a herd is made of. Times are of a processor, in microseconds for each report; bytes for each report or client. */
export interface Constants {
  readonly flood: {
    /** At the server that is told by a client: its answer, its log, its links. */
    readonly toldMicros: number;
    /** At each server that learns of it. */
    readonly learnedMicros: number;
    /** Where a server is told of it once more. */
    readonly duplicateMicros: number;
    readonly bytesAMessage: number;
  };
  readonly nats: {
    readonly toldMicros: number;
    readonly learnedMicros: number;
    /** In the nats-server: to take it, and to tell each server of it. */
    readonly storedMicros: number;
    readonly deliveredMicros: number;
    readonly bytesStored: number;
    readonly bytesDelivered: number;
  };
  readonly memoryBytes: {
    readonly flood: number;
    readonly nats: number;
    readonly engine: number;
    readonly disk: number;
  };
  /** For each client, at a server that joins. */
  readonly joinMicros: { readonly flood: number; readonly nats: number };
}

/** The constants that a run's figures come to. @throws if something that they take was not measured */
export function constantsOf(figures: Figures): Constants {
  const subjects = new Set(
    figures.all.filter(({ measure }) => measure === spreadCost.name).map(({ subject }) => subject),
  );
  const measured = [2, 4, 8, 16].flatMap(shapesOf).filter(({ name }) => subjects.has(name));
  const valueOf = (measure: string, subject: string, metric: string): number => {
    const value = figures.median(measure, subject, metric);
    if (value === undefined) throw new Error(`${metric} of ${subject} was not measured`);
    return value;
  };
  const fitted = (
    way: SpreadShape['way'],
    metric: string,
    terms: (shape: SpreadShape) => readonly number[],
  ): number[] =>
    fit(
      measured
        .filter((shape) => shape.way === way)
        .map((shape) => ({ terms: terms(shape), value: valueOf(spreadCost.name, shape.name, metric) })),
    );
  const ofTwo = (way: 'flooding, tree' | 'NATS', metric: string) => valueOf(spreadMemory.name, `${way}, 2`, metric);
  const [toldMicros = 0, learnedMicros = 0, duplicateMicros = 0] = fitted('flood', 'CPU, servers', floodTerms);
  const [bytesAMessage = 0] = fitted('flood', 'bytes', ({ servers, duplicates }) => [servers - 1 + duplicates]);
  const [natsTold = 0, natsLearned = 0] = fitted('nats', 'CPU, servers', ({ servers }) => [1, servers - 1]);
  const [storedMicros = 0, deliveredMicros = 0] = fitted('nats', 'CPU, nats-server', ({ servers }) => [1, servers]);
  const [bytesStored = 0, bytesDelivered = 0] = fitted('nats', 'bytes', ({ servers }) => [1, servers]);
  return {
    flood: { toldMicros, learnedMicros, duplicateMicros, bytesAMessage },
    nats: {
      toldMicros: natsTold,
      learnedMicros: natsLearned,
      storedMicros,
      deliveredMicros,
      bytesStored,
      bytesDelivered,
    },
    memoryBytes: {
      flood: ofTwo('flooding, tree', 'memory, other server'),
      nats: ofTwo('NATS', 'memory, other server'),
      engine: ofTwo('NATS', 'memory, nats-server'),
      disk: ofTwo('NATS', 'disk, nats-server'),
    },
    joinMicros: { flood: ofTwo('flooding, tree', 'joins'), nats: ofTwo('NATS', 'joins') },
  };
}

function floodTerms({ servers, duplicates }: SpreadShape): readonly number[] {
  return [1, servers - 1, duplicates];
}
