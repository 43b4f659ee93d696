import type { NearbyQuestion } from '../protocol/upstream/upstream.js';
import { decimal } from './decimal.js';

/** What an answer says when it is about a smaller circle than was asked about; undefined when it is not. */
export function radiusCut({ radiusKm }: NearbyQuestion, radiusKmMax: number): string | undefined {
  // The Twitter Search API's own words, more or less.
  return radiusKm > radiusKmMax ? `adjusted radius to ${decimal(radiusKmMax, 3)}km` : undefined;
}
