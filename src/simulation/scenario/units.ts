import { z } from 'zod';

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizeUnits: Readonly<Record<string, number>> = { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };

const durationPattern = /^([+-]?)(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const rangePattern = /^([^.]*(?:\.\d[^.]*)?)\.\.(.+)$/;
const ratePattern = /^(\d+(?:\.\d+)?)\/(s|m|h)$/;
const sizePattern = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/;
const percentPattern = /^([+-]?\d+(?:\.\d+)?)%$/;

/** Parses a duration such as `5ms`, `1.5s`, `2m`, `-1h` to milliseconds; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, sign, amount, unit] = durationPattern.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * (durationUnits[unit] ?? 0) * (sign === '-' ? -1 : 1);
}

/** Creates a schema that parses a text, with an error that says what is expected. */
function textSchema<Value>(parse: (text: string) => Value | undefined, expected: string) {
  return z.unknown().transform((value, context): Value => {
    const parsed = typeof value === 'string' || typeof value === 'number' ? parse(String(value)) : undefined;
    if (parsed !== undefined) return parsed;
    context.addIssue(expected);
    return z.NEVER;
  });
}

function parseNonNegativeDuration(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms === undefined || ms < 0 ? undefined : ms;
}

function ifInRange(min: number, max: number, value: number | undefined): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}

function parsePercent(text: string): number | undefined {
  const [, amount] = percentPattern.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) / 100;
}

function parseBytes(text: string): number | undefined {
  const [, amount, unit] = sizePattern.exec(text) ?? [];
  return ifInRange(1, Infinity, amount === undefined ? undefined : Number(amount) * (sizeUnits[unit ?? ''] ?? 0));
}

/** A duration, in milliseconds. */
export const duration = textSchema(
  parseNonNegativeDuration,
  'must be a duration with its unit, such as 5ms, 1.5s, 2m or 1h',
);

/** A duration that may be negative, in milliseconds. */
export const signedDuration = textSchema(parseDuration, 'must be a duration with its unit, such as 90s, -5m or 26h');

/** A range of durations, in milliseconds. */
export const delayRange = textSchema((text) => {
  const [, min = text, max = text] = rangePattern.exec(text) ?? [];
  const minMs = parseNonNegativeDuration(min);
  const maxMs = parseNonNegativeDuration(max);
  return minMs === undefined || maxMs === undefined || minMs > maxMs ? undefined : { minMs, maxMs };
}, 'must be a duration or a range, such as 20ms or 5ms..40ms');

/** A probability from 0 to 1. */
export const probability = textSchema(
  (text) => ifInRange(0, 1, parsePercent(text)),
  'must be a percentage from 0% to 100%',
);

/** A probability below 1: what is always lost never arrives. */
export const lossProbability = textSchema(
  (text) => ifInRange(0, 0.95, parsePercent(text)),
  'must be a percentage from 0% to 95%',
);

/** Deviation of a clock's rate, 0.01 for 1 %; negative: slower. */
export const driftRate = textSchema(
  (text) => ifInRange(-0.9, 9, parsePercent(text)),
  'must be a percentage, such as 1% or -0.5%',
);

/** A rate per second. */
export const rate = textSchema((text) => {
  const [, amount, unit] = ratePattern.exec(text) ?? [];
  return amount === undefined ? undefined : (Number(amount) * 1_000) / (durationUnits[unit ?? ''] ?? 1);
}, 'must be a rate, such as 20/s or 90/m');

/** Bytes per second; Infinity for `none`. */
export const bandwidth = textSchema((text) => {
  if (text === 'none') return Infinity;
  return text.endsWith('/s') ? parseBytes(text.slice(0, -2)) : undefined;
}, 'must be bytes per second, such as 64KB/s or 1MB/s, or none for no limit');

/** A number of bytes. */
export const size = textSchema(parseBytes, 'must be a size, such as 4KB or 131072B');
