import type { DelayRange } from '../network/path.js';

/** A span of milliseconds as it is written: `250ms`, `15s`. */
export function durationText(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

/** The least and the most of a delay: `5ms..40ms`. */
export function rangeText({ leastMs, mostMs }: DelayRange): string {
  return leastMs === mostMs ? durationText(leastMs) : `${durationText(leastMs)}..${durationText(mostMs)}`;
}

/** A part of one, in whole thousandths of a percent: `12.5%`. */
export function percentText(part: number): string {
  return `${Number((part * 100).toFixed(3))}%`;
}

/** How often, in times a second: `20/s`. */
export function rateText(perSecond: number): string {
  return `${perSecond}/s`;
}

/** Bytes a second, Infinity for no limit: `64000B/s`, `none`. */
export function bandwidthText(bytesPerSecond: number): string {
  return bytesPerSecond === Infinity ? 'none' : `${bytesPerSecond}B/s`;
}
