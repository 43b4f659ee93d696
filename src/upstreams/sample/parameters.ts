/** A plain decimal number, 27.5916 or -8; nothing else is one, `1e3` and an empty text included. */
export function parseDecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d{1,20}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}

/** Degrees, when both are decimal and on the Earth. */
export function parseDegrees(
  latitudeText: string | undefined,
  longitudeText: string | undefined,
): { readonly latitude: number; readonly longitude: number } | undefined {
  const latitude = parseDecimal(latitudeText);
  const longitude = parseDecimal(longitudeText);
  if (latitude === undefined || longitude === undefined) return undefined;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined;
}
