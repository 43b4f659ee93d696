import { createHash } from 'node:crypto';
import type { SimulationEvent } from '../environment.js';

/** Events that are not traced, since they follow from those that are. */
const untracedKindList = [
  'line-sent',
  'command-sent',
  'response-received',
  'response-lost',
  'backpressure',
  'backlog-dropped',
  'rejected',
  'partition',
] as const;
type UntracedKind = (typeof untracedKindList)[number];
const untracedKinds: ReadonlySet<string> = new Set(untracedKindList);

/** An event in the trace of a run. */
export type TraceEvent =
  | Exclude<SimulationEvent, { kind: UntracedKind }>
  | { readonly kind: 'step'; readonly text: string; readonly sourceLine: string }
  | {
      readonly kind: 'violation';
      readonly invariant: string;
      readonly text: string;
      readonly server: string | undefined;
    };

/** An event of a run as it is reported while it runs: a trace event, or a remark. */
export type RunEvent = TraceEvent | { readonly kind: 'remark'; readonly text: string };

/** An event with its time, in milliseconds since the start. */
export interface TraceEntry {
  readonly atMs: number;
  readonly event: TraceEvent;
}

/** Events that are hashed together: one call per event would cost more than the hash. */
const eventsPerBatch = 512;

/**
 * Trace of a run: every delivered segment, learned location, link and server state change, step and violation. Its hash is
 * equal, byte for byte, for the same seed and version. Entries are kept only on request.
 */
export class Trace {
  readonly entries: TraceEntry[] = [];
  private readonly digest = createHash('sha256');
  private readonly times = new Float64Array(eventsPerBatch);
  private texts: string[] = [];
  private batchedCount = 0;

  constructor(private readonly keepsEntries: boolean) {}

  append(atMs: number, event: TraceEvent): void {
    if (this.keepsEntries) this.entries.push({ atMs, event });
    this.times[this.batchedCount] = atMs;
    this.batchedCount += 1;
    // Segments are by far the most frequent events: their texts are not concatenated, and times are not formatted.
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

/** Whether an event belongs to the trace. */
export function isTraced(event: SimulationEvent): event is Extract<TraceEvent, SimulationEvent> {
  return !untracedKinds.has(event.kind);
}

function formatTraceEvent(event: Exclude<TraceEvent, { kind: 'delivered' }>): string {
  switch (event.kind) {
    case 'learned': {
      const { client, time, server } = event.location;
      return `learned ${event.server} ${client} ${time} ${server}`;
    }
    case 'evicted': {
      const { client, time, server } = event.location;
      return `evicted ${event.server} ${client} ${time} ${server} ${event.reason}`;
    }
    case 'link':
      return `link ${event.server}>${event.neighbour} ${event.state} ${event.reason}`;
    case 'clock':
      return `clock ${event.server} ${event.state}`;
    case 'nats':
      return `nats ${event.server} ${event.state} ${event.reason}`;
    case 'members':
      return `members ${event.server} ${event.members.join(' ')}`;
    case 'partition-page':
      return `partition-page ${event.server} ${event.partition} ${event.from} ${event.locations} ${event.bytes}`;
    case 'broker':
      return `broker ${event.node} ${event.state}`;
    case 'started':
      return `started ${event.server} ${event.restored.length}`;
    case 'down':
    case 'left':
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
