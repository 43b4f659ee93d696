import { createHash } from 'node:crypto';
import type { WorldEvent } from '../environment.js';

/** What does not go on record, for it shows in what does. */
const untraced = [
  'told',
  'asked',
  'answered',
  'unanswered',
  'no-room',
  'backlog-dropped',
  'turned-away',
  'stored',
  'not-stored',
  'stale-read',
  'wiped',
] as const;
type UntracedKind = (typeof untraced)[number];
const untracedKinds: ReadonlySet<string> = new Set(untraced);

/** Something on the record of a run. */
export type TraceEvent =
  | Exclude<WorldEvent, { kind: UntracedKind }>
  | { readonly kind: 'step'; readonly text: string; readonly place: string }
  | {
      readonly kind: 'violation';
      readonly invariant: string;
      readonly text: string;
      readonly server: string | undefined;
    };

/** What is heard of a run as it goes: what goes on record, and what is said about it besides. */
export type RunNews = TraceEvent | { readonly kind: 'remark'; readonly text: string };

/** An event and when it happened, in milliseconds since the start. */
export interface TraceEntry {
  readonly atMs: number;
  readonly event: TraceEvent;
}

/** Events that are hashed at once: one call for each would cost more than the hash. */
const batchEvents = 512;

/**
 * The record of a run: every segment that arrived, every location learned, every change of a link or server, every step and
 * violation. It always has a hash, to the byte the same for the same seed and version; the entries are kept only if asked for.
 */
export class Trace {
  readonly entries: TraceEntry[] = [];
  private readonly digest = createHash('sha256');
  private readonly times = new Float64Array(batchEvents);
  private texts: string[] = [];
  private batched = 0;

  constructor(private readonly keep: 'hash' | 'entries') {}

  note(atMs: number, event: TraceEvent): void {
    if (this.keep === 'entries') this.entries.push({ atMs, event });
    this.times[this.batched] = atMs;
    this.batched += 1;
    // By far the most frequent are segments: no text is put together for each, and no time written out.
    if (event.kind === 'carried') this.texts.push(event.from, '>', event.to, ' ', event.text, '\n');
    else this.texts.push(textOf(event), '\n');
    if (this.batched === batchEvents) this.write();
  }

  /** The hash of the whole record, in hexadecimal. The record ends here. */
  hash(): string {
    this.write();
    return this.digest.digest('hex');
  }

  private write(): void {
    this.digest.update(this.times.subarray(0, this.batched));
    this.digest.update(this.texts.join(''), 'latin1');
    this.batched = 0;
    this.texts = [];
  }
}

/** Whether an event goes on record. */
export function isTraced(event: WorldEvent): event is Extract<TraceEvent, WorldEvent> {
  return !untracedKinds.has(event.kind);
}

function textOf(event: Exclude<TraceEvent, { kind: 'carried' }>): string {
  switch (event.kind) {
    case 'learned':
    case 'forgotten': {
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
      return `started ${event.server} ${event.remembered.length}`;
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
