import type { DelayRange } from '../network/path.js';

/** Formats a duration: `250ms`, `15s`. */
export function formatDuration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

/** Formats a range of delays: `5ms..40ms`. */
export function formatRange({ minMs, maxMs }: DelayRange): string {
  return minMs === maxMs ? formatDuration(minMs) : `${formatDuration(minMs)}..${formatDuration(maxMs)}`;
}

/** Formats a fraction of one in thousandths of a percent: `12.5%`. */
export function formatPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(3))}%`;
}

/** Formats a rate per second: `20/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond}/s`;
}

/** Formats a bandwidth in bytes per second, Infinity for no limit: `64000B/s`, `none`. */
export function formatBandwidth(bytesPerSecond: number): string {
  return bytesPerSecond === Infinity ? 'none' : `${bytesPerSecond}B/s`;
}
