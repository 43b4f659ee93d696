import type { Figures } from '../report/figure.js';
import { fitFactors } from './fit.js';
import { replicationCost } from './cost.js';
import { replicationMemory } from './memory.js';
import { replicationShapes, type ReplicationShape } from './shapes.js';

/** Measured constants of the capacity model. Times are CPU microseconds per report; bytes are per report or per client. */
export interface CostConstants {
  readonly flood: {
    /** At the server that receives the report from a client: response, log, links. */
    readonly acceptedMicros: number;
    /** At each server that learns the report from a neighbour. */
    readonly learnedMicros: number;
    /** At a server that receives the report again. */
    readonly duplicateMicros: number;
    readonly bytesPerMessage: number;
  };
  readonly nats: {
    readonly acceptedMicros: number;
    readonly learnedMicros: number;
    /** In the nats-server, to store the report. */
    readonly storedMicros: number;
    /** In the nats-server, to deliver the report to one server. */
    readonly deliveredMicros: number;
    readonly bytesStored: number;
    readonly bytesDelivered: number;
  };
  readonly memoryBytes: {
    readonly flood: number;
    readonly nats: number;
    readonly broker: number;
    readonly disk: number;
  };
  /** Time per client until a joining server has all of them, in microseconds. */
  readonly joinMicros: { readonly flood: number; readonly nats: number };
}

/** Derives the constants from the figures of a run. @throws Error if a figure is missing */
export function deriveConstants(figures: Figures): CostConstants {
  const subjects = new Set(
    figures.all.filter(({ benchmark }) => benchmark === replicationCost.name).map(({ subject }) => subject),
  );
  const measured = [2, 4, 8, 16].flatMap(replicationShapes).filter(({ name }) => subjects.has(name));
  const valueOf = (benchmark: string, subject: string, metric: string): number => {
    const value = figures.median(benchmark, subject, metric);
    if (value === undefined) throw new Error(`${benchmark}: ${metric} of ${subject} was not measured`);
    return value;
  };
  const fitMetric = (
    replication: ReplicationShape['replication'],
    metric: string,
    terms: (shape: ReplicationShape) => readonly number[],
  ): number[] =>
    fitFactors(
      measured
        .filter((shape) => shape.replication === replication)
        .map((shape) => ({ terms: terms(shape), value: valueOf(replicationCost.name, shape.name, metric) })),
    );
  const valueForTwo = (strategy: 'flooding, tree' | 'NATS', metric: string) =>
    valueOf(replicationMemory.name, `${strategy}, 2`, metric);
  const [acceptedMicros = 0, learnedMicros = 0, duplicateMicros = 0] = fitMetric(
    'flood',
    'CPU, servers',
    floodingTerms,
  );
  const [bytesPerMessage = 0] = fitMetric('flood', 'bytes', ({ servers, duplicates }) => [servers - 1 + duplicates]);
  const [natsAccepted = 0, natsLearned = 0] = fitMetric('nats', 'CPU, servers', ({ servers }) => [1, servers - 1]);
  const [storedMicros = 0, deliveredMicros = 0] = fitMetric('nats', 'CPU, nats-server', ({ servers }) => [1, servers]);
  const [bytesStored = 0, bytesDelivered = 0] = fitMetric('nats', 'bytes', ({ servers }) => [1, servers]);
  return {
    flood: { acceptedMicros, learnedMicros, duplicateMicros, bytesPerMessage },
    nats: {
      acceptedMicros: natsAccepted,
      learnedMicros: natsLearned,
      storedMicros,
      deliveredMicros,
      bytesStored,
      bytesDelivered,
    },
    memoryBytes: {
      flood: valueForTwo('flooding, tree', 'memory, other server'),
      nats: valueForTwo('NATS', 'memory, other server'),
      broker: valueForTwo('NATS', 'memory, nats-server'),
      disk: valueForTwo('NATS', 'disk, nats-server'),
    },
    joinMicros: { flood: valueForTwo('flooding, tree', 'join time'), nats: valueForTwo('NATS', 'join time') },
  };
}

function floodingTerms({ servers, duplicates }: ReplicationShape): readonly number[] {
  return [1, servers - 1, duplicates];
}
