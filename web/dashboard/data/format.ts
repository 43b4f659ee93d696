import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { EndState, Reach } from './herd.js';

const endLabels: Readonly<Record<EndState, string>> = {
  connecting: 'connecting',
  'catching-up': 'catching up',
  live: 'live',
  backoff: 'backoff',
  loading: 'loading',
  'write-blocked': 'write-blocked',
  disconnected: 'disconnected',
  stopped: 'stopped',
  unknown: 'not heard',
};

/** A state of a link's machine, in words. */
export function formatEndState(state: EndState): string {
  return endLabels[state];
}

/** What somebody does to a link by hand, in words; empty if nothing. */
export function formatFault(fault: LinkFault): string {
  switch (fault.kind) {
    case 'none':
      return '';
    case 'cut':
      return 'cut by hand';
    case 'slow':
      return `slowed by ${formatNumber(fault.delayMs)} ms`;
  }
}

const reachLabels: Readonly<Record<Reach, string>> = { connecting: 'calling', connected: 'up', disconnected: 'away' };

export function formatReach(reach: Reach): string {
  return reachLabels[reach];
}

const integerFormat = new Intl.NumberFormat('en');

/** A number with its thousands apart. */
export function formatNumber(value: number): string {
  return integerFormat.format(value);
}

/** `1 client`, `2 clients`. */
export function formatCount(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time in milliseconds as people say it: `0.8 s`, `12 s`, `3 min`, `2 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${formatNumber(Math.floor(seconds / 86_400))} days`;
}

/** A distance as people say it: `0.4 km`, `8.2 km`, `50 km`. */
export function formatKilometres(km: number): string {
  return `${km < 9.95 ? Number(km.toFixed(1)) : formatNumber(Math.round(km))} km`;
}

/** The time of day of something that happened. */
export function formatTimeOfDay(date: Date): string {
  return date.toTimeString().slice(0, 8);
}
