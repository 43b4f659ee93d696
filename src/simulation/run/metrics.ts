import type { SimulationEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';
import { Recoveries, type Recovery } from './recoveries.js';
import { Updates, type UpdateCounts } from './updates.js';

/** Percentiles of a set of durations, in milliseconds; undefined if the set is empty. */
export interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** Metrics of a run. */
export interface RunMetrics {
  readonly updates: UpdateCounts;
  readonly timeToStableMs: Percentiles;
  readonly messages: {
    /** Location lines sent between servers, or between servers and the broker. */
    readonly locations: number;
    /** All lines sent between them. */
    readonly all: number;
    /** Location lines per new location; undefined if there was none. */
    readonly perUpdate: number | undefined;
    /** Smallest possible number of lines per new location: one to every other server, and one to the broker if there is one. */
    readonly minimum: number;
  };
  /** Bytes delivered between servers, and between servers and clients. */
  readonly bytes: { readonly peers: number; readonly clients: number };
  readonly recoveries: readonly Recovery[];
}

/** Collects the metrics of a run. */
export class RunMetricsRecorder {
  readonly recoveries: Recoveries;
  private readonly updates: Updates;
  private locations = 0;
  private lines = 0;
  private peerBytes = 0;
  private clientBytes = 0;
  /** The servers, and the broker if there is one. */
  private readonly nodes: ReadonlySet<string>;

  constructor(view: HerdView) {
    this.updates = new Updates(view);
    this.recoveries = new Recoveries(view, this.updates);
    this.nodes = new Set(view.links.keys());
  }

  /** Records an event. The view must have been updated with it. */
  observe(event: SimulationEvent): void {
    if (event.kind === 'delivered') return this.countBytes(event);
    if (event.kind === 'line-sent') {
      this.lines += 1;
      if (event.line.startsWith('AT ')) this.locations += 1;
      return;
    }
    this.updates.observe(event);
    this.recoveries.observe(event);
  }

  /** Returns the metrics so far, as a snapshot. */
  results(): RunMetrics {
    const { updates, locations, lines } = this;
    return {
      updates: updates.counts,
      timeToStableMs: percentiles(updates.stableMs),
      messages: {
        locations,
        all: lines,
        perUpdate: updates.newLocationCount === 0 ? undefined : locations / updates.newLocationCount,
        minimum: this.nodes.size - 1,
      },
      bytes: { peers: this.peerBytes, clients: this.clientBytes },
      recoveries: this.recoveries.all.map((recovery) => ({ ...recovery })),
    };
  }

  private countBytes({ from, to, text }: Extract<SimulationEvent, { kind: 'delivered' }>): void {
    if (this.nodes.has(from) && this.nodes.has(to)) this.peerBytes += text.length;
    else this.clientBytes += text.length;
  }
}

/** Percentiles by the nearest-rank method. */
export function percentiles(durationsMs: readonly number[]): Percentiles {
  const sorted = Float64Array.from(durationsMs).sort();
  const percentile = (fraction: number) => sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  return { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), max: percentile(1) };
}
