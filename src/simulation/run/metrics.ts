import type { WorldEvent } from '../environment.js';
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
export interface MeasureResults {
  readonly updates: UpdateCounts;
  readonly timeToStableMs: Percentiles;
  readonly messages: {
    /** Location lines that servers told each other, or the engine, or it them. */
    readonly locations: number;
    /** All lines that they told each other. */
    readonly all: number;
    /** Location lines for each new location; undefined where there was none. */
    readonly perUpdate: number | undefined;
    /** What one new location takes at least: a line to every other server, and one to the engine if there is one. */
    readonly minimum: number;
  };
  /** Bytes that arrived between servers, and between them and clients. */
  readonly bytes: { readonly peers: number; readonly clients: number };
  readonly recoveries: readonly Recovery[];
}

/** Measures a run as it goes. */
export class Measures {
  readonly recoveries: Recoveries;
  private readonly updates: Updates;
  private locations = 0;
  private lines = 0;
  private peerBytes = 0;
  private clientBytes = 0;
  /** The servers, and the engine if there is one. */
  private readonly parties: ReadonlySet<string>;

  constructor(view: HerdView) {
    this.updates = new Updates(view);
    this.recoveries = new Recoveries(view, this.updates);
    this.parties = new Set(view.ways.keys());
  }

  /** Takes in what happened, after the view has. */
  note(event: WorldEvent): void {
    if (event.kind === 'carried') return this.count(event);
    if (event.kind === 'told') {
      this.lines += 1;
      if (event.line.startsWith('AT ')) this.locations += 1;
      return;
    }
    this.updates.note(event);
    this.recoveries.note(event);
  }

  /** What is known by now; nothing that happens later changes it. */
  results(): MeasureResults {
    const { updates, locations, lines } = this;
    return {
      updates: updates.counts,
      timeToStableMs: percentilesOf(updates.stableMs),
      messages: {
        locations,
        all: lines,
        perUpdate: updates.fresh === 0 ? undefined : locations / updates.fresh,
        minimum: this.parties.size - 1,
      },
      bytes: { peers: this.peerBytes, clients: this.clientBytes },
      recoveries: this.recoveries.all.map((recovery) => ({ ...recovery })),
    };
  }

  private count({ from, to, text }: Extract<WorldEvent, { kind: 'carried' }>): void {
    if (this.parties.has(from) && this.parties.has(to)) this.peerBytes += text.length;
    else this.clientBytes += text.length;
  }
}

/** By the nearest rank. */
export function percentilesOf(times: readonly number[]): Percentiles {
  const sorted = Float64Array.from(times).sort();
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
