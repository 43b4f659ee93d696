import { createHash } from 'node:crypto';
import type { SimulationEvent } from '../environment.js';

/** What does not go on record, for it shows in what does. */
const untracedKindList = [
  'line-sent',
  'command-sent',
  'response-received',
  'response-lost',
  'backpressure',
  'backlog-dropped',
  'rejected',
  'stored',
  'not-stored',
  'stale-read',
  'wiped',
] as const;
type UntracedKind = (typeof untracedKindList)[number];
const untracedKinds: ReadonlySet<string> = new Set(untracedKindList);

/** Something on the record of a run. */
export type TraceEvent =
  | Exclude<SimulationEvent, { kind: UntracedKind }>
  | { readonly kind: 'step'; readonly text: string; readonly sourceLine: string }
  | {
      readonly kind: 'violation';
      readonly invariant: string;
      readonly text: string;
      readonly server: string | undefined;
    };

/** What is heard of a run as it goes: what goes on record, and what is said about it besides. */
export type RunEvent = TraceEvent | { readonly kind: 'remark'; readonly text: string };

/** An event and when it happened, in milliseconds since the start. */
export interface TraceEntry {
  readonly atMs: number;
  readonly event: TraceEvent;
}

/** Events that are hashed at once: one call for each would cost more than the hash. */
const eventsPerBatch = 512;

/**
 * The record of a run: every segment that arrived, every location learned, every change of a link or server, every step and
 * violation. It always has a hash, to the byte the same for the same seed and version; the entries are kept only if asked for.
 */
export class Trace {
  readonly entries: TraceEntry[] = [];
  private readonly digest = createHash('sha256');
  private readonly times = new Float64Array(eventsPerBatch);
  private texts: string[] = [];
  private batchedCount = 0;

  constructor(private readonly keep: 'hash' | 'entries') {}

  append(atMs: number, event: TraceEvent): void {
    if (this.keep === 'entries') this.entries.push({ atMs, event });
    this.times[this.batchedCount] = atMs;
    this.batchedCount += 1;
    // By far the most frequent are segments: no text is put together for each, and no time written out.
    if (event.kind === 'delivered') this.texts.push(event.from, '>', event.to, ' ', event.text, '\n');
    else this.texts.push(formatTraceEvent(event), '\n');
    if (this.batchedCount === eventsPerBatch) this.write();
  }

  /** The hash of all events so far, in hexadecimal. */
  hash(): string {
    this.write();
    return this.digest.copy().digest('hex');
  }

  private write(): void {
    this.digest.update(this.times.subarray(0, this.batchedCount));
    this.digest.update(this.texts.join(''), 'latin1');
    this.batchedCount = 0;
    this.texts = [];
  }
}

/** Whether an event goes on record. */
export function isTraced(event: SimulationEvent): event is Extract<TraceEvent, SimulationEvent> {
  return !untracedKinds.has(event.kind);
}

function formatTraceEvent(event: Exclude<TraceEvent, { kind: 'delivered' }>): string {
  switch (event.kind) {
    case 'learned':
    case 'evicted': {
      const { client, time, server } = event.location;
      return `${event.kind} ${event.server} ${client} ${time} ${server}`;
    }
    case 'link':
      return `link ${event.server}>${event.neighbour} ${event.state} ${event.reason}`;
    case 'clock':
      return `clock ${event.server} ${event.state}`;
    case 'bucket':
      return `bucket ${event.server} ${event.state} ${event.reason}`;
    case 'started':
      return `started ${event.server} ${event.restored.length}`;
    case 'down':
    case 'paused':
    case 'resumed':
      return `${event.kind} ${event.server}`;
    case 'failed':
      return `failed ${event.server} ${event.text}`;
    case 'step':
      return `step ${event.text}`;
    case 'violation':
      return `violation ${event.invariant} ${event.text}`;
  }
}
