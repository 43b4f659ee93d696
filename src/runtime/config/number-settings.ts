import { z } from 'zod';
import type { NumberSetting } from '../../actors/ports/limits.js';

/** A whole number from `min` to `max`, both included. */
export function integerBetween(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}

/** The schema of an object of number settings: each may be left out, and has its default then. */
export function numberSettingsSchema<Settings extends Readonly<Record<string, NumberSetting>>>(settings: Settings) {
  const shape = Object.fromEntries(
    Object.entries(settings).map(([name, { default: defaultValue, min, max, description }]) => [
      name,
      integerBetween(min, max).default(defaultValue).describe(description),
    ]),
  );
  // The shape has the names of the table, all of the same type.
  return z.strictObject(shape as { [Name in keyof Settings]: z.ZodDefault<z.ZodInt> });
}
