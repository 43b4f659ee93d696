/** The names in queries that some route knows. What stands behind any other may be a token that somebody sent astray. */
const knownParameters: ReadonlySet<string> = new Set([
  ...['client', 'radius', 'count', 'limit', 'after'],
  ...['id', 'deviceid', 'u', 'd', 'lat', 'lon', 'location', 'timestamp'],
]);

/** What stands in the place of what is not shown. */
const redacted = '***';

/** What fields stand between, and what they begin with: also where somebody has mistaken one for the other. */
const separator = /[?&;]/;

/** The path of a URL, without who may stand before it, and without what stands behind it. */
export function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?&;]*/i, '').split(separator, 1)[0] ?? '';
}

/** A URL as the log may show it: without what may be a token. */
export function redactUrl(url: string): string {
  const [, ...fields] = url.split(separator);
  const shown = fields.map((field) => (knownParameters.has(field.split('=', 1)[0] ?? '') ? field : redacted));
  return [pathOf(url), shown.join('&')].slice(0, fields.length === 0 ? 1 : 2).join('?');
}

/** Texts that must not be shown, such as tokens. */
export class SecretRedactor {
  private readonly pattern: RegExp | undefined;

  constructor(secrets: readonly string[]) {
    const escaped = secrets.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    this.pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join('|'), 'g');
  }

  /** A text with asterisks in the place of each of them; of all of it where one stands there percent-encoded. */
  redact(text: string): string {
    const { pattern } = this;
    if (pattern === undefined) return text;
    const shown = text.replace(pattern, redacted);
    return shown.includes('%') && decodePercent(shown).search(pattern) !== -1 ? redacted : shown;
  }
}

/** A text whose percent-encoding is undone as far as it is one. */
function decodePercent(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (encoded) => Buffer.from(encoded.replaceAll('%', ''), 'hex').toString());
}
