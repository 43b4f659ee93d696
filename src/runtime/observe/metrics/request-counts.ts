import type { HttpResponseEvent, HttpRequestOutcome } from '../../../actors/bus/events.js';
import { Histogram, secondsBounds } from './histogram.js';

/** Counts of one route. */
export interface RouteCounts {
  readonly outcomes: Readonly<Record<HttpRequestOutcome, number>>;
  /** Seconds from a request to the end of its response. */
  readonly seconds: Histogram;
}

type MutableRouteCounts = RouteCounts & { readonly outcomes: Record<HttpRequestOutcome, number> };

/** Counts HTTP requests by route and outcome. Requests without a route share one entry, so the number of entries is bounded. */
export class RequestCounts {
  private readonly counts = new Map<string, MutableRouteCounts>();

  get routes(): ReadonlyMap<string, RouteCounts> {
    return this.counts;
  }

  record({ route, outcome, tookMs }: HttpResponseEvent): void {
    let routeCounts = this.counts.get(route);
    if (routeCounts === undefined) {
      const outcomes = { answered: 0, ignored: 0, invalid: 0, rejected: 0, failed: 0, aborted: 0 };
      routeCounts = { outcomes, seconds: new Histogram(secondsBounds) };
      this.counts.set(route, routeCounts);
    }
    routeCounts.outcomes[outcome] += 1;
    if (tookMs !== undefined) routeCounts.seconds.add(tookMs / 1_000);
  }
}
