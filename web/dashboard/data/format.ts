import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { EndState, Reach } from './herd.js';

const endLabels: Readonly<Record<EndState, string>> = {
  connecting: 'connecting',
  'catching-up': 'catching up',
  live: 'live',
  backoff: 'backoff',
  joining: 'joining',
  stopped: 'stopped',
  unknown: 'unreachable',
};

/** Label of the state of one end of a link. */
export function formatEndState(state: EndState): string {
  return endLabels[state];
}

/** Describes the injected fault of a link; empty if there is none. */
export function formatFault(fault: LinkFault): string {
  switch (fault.kind) {
    case 'none':
      return '';
    case 'cut':
      return 'cut manually';
    case 'slow':
      return `slowed by ${formatNumber(fault.delayMs)} ms`;
  }
}

const reachLabels: Readonly<Record<Reach, string>> = {
  connecting: 'connecting',
  connected: 'up',
  disconnected: 'unreachable',
};

/** Label of a server's state. */
export function formatReach(reach: Reach): string {
  return reachLabels[reach];
}

const integerFormat = new Intl.NumberFormat('en');

/** Formats a number with thousands separators. */
export function formatNumber(value: number): string {
  return integerFormat.format(value);
}

/** Formats a count with its noun: `1 client`, `2 clients`. */
export function formatCount(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats a duration in milliseconds: `0.8 s`, `12 s`, `3 min`, `2 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${formatNumber(Math.floor(seconds / 86_400))} days`;
}

/** Formats a distance: `0.4 km`, `8.2 km`, `50 km`. */
export function formatKilometres(km: number): string {
  return `${km < 9.95 ? Number(km.toFixed(1)) : formatNumber(Math.round(km))} km`;
}

/** Formats the time of day: `12:34:56`. */
export function formatTimeOfDay(date: Date): string {
  return date.toTimeString().slice(0, 8);
}
