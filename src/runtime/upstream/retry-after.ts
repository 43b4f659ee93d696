import type { IncomingHttpHeaders } from 'node:http';

/** Maximum delay in milliseconds, whatever the upstream requests: one hour. */
const maxRetryAfterMs = 3_600_000;

/**
 * Parses the delay that an upstream requests before the next attempt, in milliseconds; undefined if its headers do not say.
 * `Retry-After` (RFC 9110, section 10.2.3) is in seconds or a date; `x-rate-limit-reset` of the X API is the end of its window in
 * seconds of Unix time.
 * @param nowMs Unix time in milliseconds
 */
export function parseRetryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const headerMs = parseRetryAfterHeader(headers['retry-after'], nowMs) ?? parseRateLimitReset(headers, nowMs);
  return headerMs === undefined ? undefined : Math.min(maxRetryAfterMs, Math.max(0, headerMs));
}

function parseRetryAfterHeader(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1_000;
  // `Date.parse` accepts more than the dates of HTTP.
  const date = /^[A-Z][a-z]+, /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : date - nowMs;
}

function parseRateLimitReset(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const { 'x-rate-limit-reset': reset, 'x-rate-limit-remaining': remaining } = headers;
  // While requests remain, there is no need to wait.
  if (remaining !== undefined && remaining !== '0') return undefined;
  if (typeof reset !== 'string' || !/^\d{1,12}$/.test(reset)) return undefined;
  return Number(reset) * 1_000 - nowMs;
}
