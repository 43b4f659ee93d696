import type { Unit } from './figure.js';

/** A number for people, with as many digits as tell something. */
export function shown(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'never';
  switch (unit) {
    case 'part':
      return `${(value * 100).toFixed(0)} %`;
    case 'a second':
    case 'bytes':
    case 'count':
      return grouped(value);
    default:
      return `${grouped(value)} ${unit}`;
  }
}

function grouped(value: number): string {
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { maximumFractionDigits: decimals });
}
