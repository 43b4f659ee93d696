import type { Inquiry } from './pending-query.js';

/**
 * The inquiry whose turn it is: of the remote address with the fewest requests under way, in it of the asker with the fewest, and of
 * that one's the oldest. So whoever asks much waits for itself.
 *
 * @param queued the inquiries that wait for a request, the oldest first
 * @param asking those that have one
 */
export function nextOf(queued: readonly Inquiry[], asking: readonly Inquiry[]): Inquiry | undefined {
  const underWay = sharesOf(asking);
  let next: Inquiry | undefined;
  for (const inquiry of queued) if (next === undefined || underWay(inquiry, next) < 0) next = inquiry;
  return next;
}

/**
 * The inquiry that is refused when too many wait: of the remote address with the most of them, in it of the asker with the most, and
 * of that one's the newest.
 *
 * @param queued the inquiries that wait for a request, the oldest first
 */
export function surplusOf(queued: readonly Inquiry[]): Inquiry | undefined {
  const waiting = sharesOf(queued);
  let surplus: Inquiry | undefined;
  for (const inquiry of queued) if (surplus === undefined || waiting(inquiry, surplus) >= 0) surplus = inquiry;
  return surplus;
}

/** Compares two inquiries by how many of these are of their addresses, and then by how many are of their askers. */
function sharesOf(inquiries: readonly Inquiry[]): (a: Inquiry, b: Inquiry) => number {
  const counts = new Map<string, number>();
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const inquiry of inquiries) {
    add(inquiry.address);
    add(askerOf(inquiry));
  }
  const count = (key: string) => counts.get(key) ?? 0;
  return (a, b) => count(a.address) - count(b.address) || count(askerOf(a)) - count(askerOf(b));
}

/** The first asker, told from an address by a character that neither has. */
function askerOf({ address, askers: [first] }: Inquiry): string {
  return `${address} ${first?.replyTo ?? ''}`;
}
