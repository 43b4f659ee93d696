import type { AnsweredEvent, RequestOutcome } from '../../../actors/bus/events.js';
import { Histogram, secondsBounds } from './histogram.js';

/** What a route was asked. */
export interface RouteCounts {
  readonly outcomes: Readonly<Record<RequestOutcome, number>>;
  /** From a request to the end of its answer, in seconds. */
  readonly seconds: Histogram;
}

type Counting = RouteCounts & { readonly outcomes: Record<RequestOutcome, number> };

/** Requests over HTTP by route and outcome. There are as many routes as the server has, whatever is asked. */
export class RequestCounts {
  private readonly counts = new Map<string, Counting>();

  get routes(): ReadonlyMap<string, RouteCounts> {
    return this.counts;
  }

  note({ route, outcome, tookMs }: AnsweredEvent): void {
    let counting = this.counts.get(route);
    if (counting === undefined) {
      const outcomes = { answered: 0, ignored: 0, invalid: 0, refused: 0, failed: 0, abandoned: 0 };
      counting = { outcomes, seconds: new Histogram(secondsBounds) };
      this.counts.set(route, counting);
    }
    counting.outcomes[outcome] += 1;
    if (tookMs !== undefined) counting.seconds.add(tookMs / 1_000);
  }
}
