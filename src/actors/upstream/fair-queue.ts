import type { PendingQuery } from './pending-query.js';

/**
 * Selects the next query: from the remote host with the fewest requests in flight, of its requesters from the one with the fewest, and
 * of those queries the oldest. So requesters with many queries delay mostly themselves.
 *
 * @param queued the queries that wait for a request, the oldest first
 * @param requesting the queries with a request in flight
 */
export function selectNext(
  queued: readonly PendingQuery[],
  requesting: readonly PendingQuery[],
): PendingQuery | undefined {
  const compareRequesting = compareByShare(requesting);
  let next: PendingQuery | undefined;
  for (const pendingQuery of queued)
    if (next === undefined || compareRequesting(pendingQuery, next) < 0) next = pendingQuery;
  return next;
}

/**
 * Selects the query to reject when the queue is full: from the remote host with the most queued queries, of its requesters from the one
 * with the most, and of those queries the newest.
 *
 * @param queued the queries that wait for a request, the oldest first
 */
export function selectSurplus(queued: readonly PendingQuery[]): PendingQuery | undefined {
  const compareQueued = compareByShare(queued);
  let surplus: PendingQuery | undefined;
  for (const pendingQuery of queued)
    if (surplus === undefined || compareQueued(pendingQuery, surplus) >= 0) surplus = pendingQuery;
  return surplus;
}

/** Returns a comparator of queries: by the number of `queries` of their hosts, then of their first requesters. */
function compareByShare(queries: readonly PendingQuery[]): (a: PendingQuery, b: PendingQuery) => number {
  const counts = new Map<string, number>();
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const pendingQuery of queries) {
    add(pendingQuery.remoteHost);
    add(requesterKey(pendingQuery));
  }
  const count = (key: string) => counts.get(key) ?? 0;
  return (a, b) => count(a.remoteHost) - count(b.remoteHost) || count(requesterKey(a)) - count(requesterKey(b));
}

/** Returns a key for the first requester of a query, which contains a space, unlike hosts. */
function requesterKey({ remoteHost, requesters: [first] }: PendingQuery): string {
  return `${remoteHost} ${first?.replyTo ?? ''}`;
}
