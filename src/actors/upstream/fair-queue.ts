import type { PendingQuery } from './pending-query.js';

/**
 * The inquiry whose turn it is: of the remote address with the fewest requests under way, in it of the asker with the fewest, and of
 * that one's the oldest. So whoever asks much waits for itself.
 *
 * @param queued the inquiries that wait for a request, the oldest first
 * @param requesting those that have one
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
 * The inquiry that is refused when too many wait: of the remote address with the most of them, in it of the asker with the most, and
 * of that one's the newest.
 *
 * @param queued the inquiries that wait for a request, the oldest first
 */
export function selectSurplus(queued: readonly PendingQuery[]): PendingQuery | undefined {
  const compareQueued = compareByShare(queued);
  let surplus: PendingQuery | undefined;
  for (const pendingQuery of queued)
    if (surplus === undefined || compareQueued(pendingQuery, surplus) >= 0) surplus = pendingQuery;
  return surplus;
}

/** Compares two inquiries by how many of these are of their addresses, and then by how many are of their askers. */
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

/** The first asker, told from an address by a character that neither has. */
function requesterKey({ remoteHost, requesters: [first] }: PendingQuery): string {
  return `${remoteHost} ${first?.replyTo ?? ''}`;
}
