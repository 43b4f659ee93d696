/**
 * A number in plain decimal notation, for a query string: never `1e-7`, which APIs take for nonsense.
 * @param value finite, its magnitude below 1e21
 * @param maxFractionDigits digits kept behind the point, 0 to 20
 */
export function formatDecimal(value: number, maxFractionDigits: number): string {
  const text = value.toFixed(maxFractionDigits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Degrees as a number of JSON: ISO 6709 has leading zeros, JSON has none. No digit that counts is lost. */
export function formatDegrees(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, '$1');
}
