/** The names in queries that some route knows. What stands behind any other may be a token that somebody sent astray. */
const knownNames: ReadonlySet<string> = new Set([
  ...['client', 'radius', 'count', 'limit', 'after'],
  ...['id', 'deviceid', 'u', 'd', 'lat', 'lon', 'location', 'timestamp'],
]);

/** What stands in the place of what is not shown. */
const hidden = '***';

/** The path of a URL: what stands before its query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

/** A URL as the log may show it: without what may be a token. */
export function shownUrl(url: string): string {
  const start = url.indexOf('?');
  if (start === -1) return url;
  const shown = url
    .slice(start + 1)
    .split('&')
    .map((field) => (knownNames.has(field.split('=', 1)[0] ?? '') ? field : hidden));
  return `${url.slice(0, start)}?${shown.join('&')}`;
}
