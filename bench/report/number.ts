import type { Unit } from './figure.js';

/** Formats a number with its unit and up to three significant digits or all integer digits; `never` if it is not finite. */
export function formatNumber(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'never';
  switch (unit) {
    case 'part':
      return `${(value * 100).toFixed(0)} %`;
    case 'per second':
    case 'bytes':
    case 'count':
      return groupDigits(value);
    default:
      return `${groupDigits(value)} ${unit}`;
  }
}

function groupDigits(value: number): string {
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { maximumFractionDigits: decimals });
}
