/**
 * A number in plain decimal notation, for a query string: never `1e-7`, which APIs take for nonsense.
 * @param value finite, its magnitude below 1e21
 * @param fractionDigitsMax digits kept behind the point, 0 to 20
 */
export function decimal(value: number, fractionDigitsMax: number): string {
  const text = value.toFixed(fractionDigitsMax);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Degrees as a number of JSON: ISO 6709 has leading zeros, JSON has none. No digit that counts is lost. */
export function degrees(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, '$1');
}
