/** Response of the service; the body is JSON. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Parses a plain decimal number such as 27.5916 or -8. Undefined for anything else, including `1e3` and an empty text. */
export function parseDecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d{1,20}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}

/** Parses a latitude and a longitude in decimal degrees; undefined if either is not a decimal number in its range. */
export function parseDegrees(
  latitudeText: string | undefined,
  longitudeText: string | undefined,
): { readonly latitude: number; readonly longitude: number } | undefined {
  const latitude = parseDecimal(latitudeText);
  const longitude = parseDecimal(longitudeText);
  if (latitude === undefined || longitude === undefined) return undefined;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined;
}
