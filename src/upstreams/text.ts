/**
 * Formats a number in plain decimal notation, for a query string; never as `1e-7`, which APIs reject.
 * @param value finite, its magnitude below 1e21
 * @param maxFractionDigits digits kept behind the decimal point, 0 to 20
 */
export function formatDecimal(value: number, maxFractionDigits: number): string {
  const text = value.toFixed(maxFractionDigits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Formats degrees as a JSON number: ISO 6709 has leading zeros, JSON has none. No significant digit is lost. */
export function formatDegrees(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, '$1');
}

/** Escapes a text for HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Names of properties, with the JSON text of each value. */
export type JsonFields = Readonly<Record<string, string>>;

/** Builds a JSON object from JSON values, in the order given. Unlike JSON.stringify it can write numbers that no double holds. */
export function formatJsonObject(fields: JsonFields): string {
  const members = Object.entries(fields).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${members.join(',')}}`;
}
