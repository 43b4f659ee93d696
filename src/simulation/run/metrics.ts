import type { SimulationEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';
import { Recoveries, type Recovery } from './recoveries.js';
import { Updates, type UpdateCounts } from './updates.js';

/** Of some times, those that stand at a place of their order, in milliseconds; all undefined where there are none. */
export interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** What a run has shown. */
export interface RunMetrics {
  readonly updates: UpdateCounts;
  readonly timeToStableMs: Percentiles;
  readonly messages: {
    /** Location lines that servers told each other, or the broker, or it them. */
    readonly locations: number;
    /** All lines that they told each other. */
    readonly all: number;
    /** Location lines for each new location; undefined where there was none. */
    readonly perUpdate: number | undefined;
    /** What one new location takes at least: a line to every other server, and one to the broker if there is one. */
    readonly minimum: number;
  };
  /** Bytes that arrived between servers, and between them and clients. */
  readonly bytes: { readonly peers: number; readonly clients: number };
  readonly recoveries: readonly Recovery[];
}

/** Measures a run as it goes. */
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

  /** Takes in what happened, after the view has. */
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

  /** What is known by now; nothing that happens later changes it. */
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

/** By the nearest rank. */
export function percentiles(durationsMs: readonly number[]): Percentiles {
  const sorted = Float64Array.from(durationsMs).sort();
  const percentile = (fraction: number) => sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  return { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), max: percentile(1) };
}
