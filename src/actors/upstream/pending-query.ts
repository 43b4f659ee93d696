import type { ByteString } from '../../protocol/text/bytes.js';
import type { Trouble } from '../../protocol/upstream/errors.js';
import type { NearbyQuestion, Upstream } from '../../protocol/upstream/upstream.js';
import type { Question } from '../bus/messages.js';

/** Where a question to the upstream is on its way. */
export type Stage =
  /** It waits for its turn. */
  | { readonly name: 'queued' }
  /** A request is under way. `role`: whether the breaker waits for what becomes of it. */
  | {
      readonly name: 'asking';
      readonly abort: AbortController;
      readonly role: 'question' | 'probe';
      /** On the server's clock that never goes back. */
      readonly sinceMs: number;
    }
  /** It is asked again in a while. */
  | { readonly name: 'pausing'; readonly timer: unknown }
  /** It is asked again when the upstream may be asked again. */
  | { readonly name: 'resting' };

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly json: ByteString }
  | {
      readonly kind: 'failed';
      /** For clients and for the log. */
      readonly reason: string;
      readonly trouble: Trouble;
      /** When the upstream wants to be asked again, in milliseconds from now, if it has said so. */
      readonly restMs: number | undefined;
    };

/** One question to the upstream, and all who wait for its answer. */
export interface Inquiry {
  /** The same for questions that have the same answer. */
  readonly key: string;
  readonly about: NearbyQuestion;
  /** The remote address of the first asker. */
  readonly address: string;
  readonly askers: Question[];
  /** When its time is over, in milliseconds on the server's clock that never goes back. */
  readonly dueMs: number;
  readonly deadline: unknown;
  attempts: number;
  stage: Stage;
}

/**
 * What makes two questions the same: place, radius and count. Who is there makes no difference to the upstream, and neither does by
 * how much a radius exceeds what it takes.
 */
export function keyOf({ latitude, longitude, radiusKm, count }: NearbyQuestion, { radiusKmMax }: Upstream): string {
  const radius = radiusKm > radiusKmMax ? 'cut' : radiusKm;
  return `${latitude} ${longitude} ${radius} ${count}`;
}

/** The questions that are under way, each once. */
export class Inquiries {
  private readonly byKey = new Map<string, Inquiry>();
  private readonly counts: Record<Stage['name'], number> = { queued: 0, asking: 0, pausing: 0, resting: 0 };

  get all(): Inquiry[] {
    return [...this.byKey.values()];
  }

  /** Requests under way. */
  get asking(): number {
    return this.counts.asking;
  }

  /** Questions that wait, for whatever it is. */
  get waiting(): number {
    return this.counts.queued + this.counts.pausing + this.counts.resting;
  }

  /** Those in a stage, the oldest first. */
  in(name: Stage['name']): Inquiry[] {
    return this.counts[name] === 0 ? [] : this.all.filter(({ stage }) => stage.name === name);
  }

  /** The one that asks the same, if there is one. */
  same(key: string): Inquiry | undefined {
    return this.byKey.get(key);
  }

  /** Whether it is still under way: another one may ask the same by now. */
  has(inquiry: Inquiry): boolean {
    return this.byKey.get(inquiry.key) === inquiry;
  }

  add(inquiry: Inquiry): void {
    this.byKey.set(inquiry.key, inquiry);
    this.counts[inquiry.stage.name] += 1;
  }

  /** Brings one that is under way to its next stage. */
  move(inquiry: Inquiry, stage: Stage): void {
    this.counts[inquiry.stage.name] -= 1;
    this.counts[stage.name] += 1;
    inquiry.stage = stage;
  }

  remove(inquiry: Inquiry): void {
    this.byKey.delete(inquiry.key);
    this.counts[inquiry.stage.name] -= 1;
  }
}
