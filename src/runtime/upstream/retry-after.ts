import type { IncomingHttpHeaders } from 'node:http';

/** No upstream is left alone for longer than this, whatever it says, in milliseconds: an hour. */
const maxRetryAfterMs = 3_600_000;

/**
 * When an upstream wants to be asked again, in milliseconds from now; undefined if its headers do not say. `Retry-After` (RFC
 * 9110, section 10.2.3) is in seconds or a date; the X API says in `x-rate-limit-reset` at which second of Unix time its window
 * ends.
 * @param nowMs Unix time in milliseconds
 */
export function parseRetryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const headerMs = parseRetryAfterHeader(headers['retry-after'], nowMs) ?? parseRateLimitReset(headers, nowMs);
  return headerMs === undefined ? undefined : Math.min(maxRetryAfterMs, Math.max(0, headerMs));
}

function parseRetryAfterHeader(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1_000;
  // Anything else is no date of HTTP, though `Date` may read one from it.
  const date = /^[A-Z][a-z]+, /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : date - nowMs;
}

function parseRateLimitReset(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const { 'x-rate-limit-reset': reset, 'x-rate-limit-remaining': remaining } = headers;
  // While requests remain, the end of the window is of no interest.
  if (remaining !== undefined && remaining !== '0') return undefined;
  if (typeof reset !== 'string' || !/^\d{1,12}$/.test(reset)) return undefined;
  return Number(reset) * 1_000 - nowMs;
}
