import type { NearbyQuery } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './format-number.js';

/** What an answer says when it is about a smaller circle than was asked about; undefined when it is not. */
export function radiusWarning({ radiusKm }: NearbyQuery, maxRadiusKm: number): string | undefined {
  // The Twitter Search API's own words, more or less.
  return radiusKm > maxRadiusKm ? `adjusted radius to ${formatDecimal(maxRadiusKm, 3)}km` : undefined;
}
