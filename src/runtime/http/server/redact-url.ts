/** Query parameters of the routes. Values of others may be misplaced tokens. */
const knownParameters: ReadonlySet<string> = new Set([
  ...['client', 'radius', 'count', 'limit', 'after'],
  ...['id', 'deviceid', 'u', 'd', 'lat', 'lon', 'location', 'timestamp'],
]);

/** Replacement of redacted text. */
const redacted = '***';

/** Separators of a query, `?` included, as clients confuse them. */
const separator = /[?&;]/;

/** Returns the path of a URL, without origin and query. */
export function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?&;]*/i, '').split(separator, 1)[0] ?? '';
}

/** Redacts the values of unknown query parameters. */
export function redactUrl(url: string): string {
  const [, ...fields] = url.split(separator);
  const shown = fields.map((field) => (knownParameters.has(field.split('=', 1)[0] ?? '') ? field : redacted));
  return [pathOf(url), shown.join('&')].slice(0, fields.length === 0 ? 1 : 2).join('?');
}

/** Redacts secrets in texts. */
export class SecretRedactor {
  private readonly pattern: RegExp | undefined;

  constructor(secrets: readonly string[]) {
    const escaped = secrets.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    this.pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join('|'), 'g');
  }

  /** Replaces each secret by asterisks; the whole text if it contains one percent-encoded. */
  redact(text: string): string {
    const { pattern } = this;
    if (pattern === undefined) return text;
    const shown = text.replace(pattern, redacted);
    return shown.includes('%') && decodePercent(shown).search(pattern) !== -1 ? redacted : shown;
  }
}

/** Decodes valid percent-encoding and leaves the rest. */
function decodePercent(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (encoded) => Buffer.from(encoded.replaceAll('%', ''), 'hex').toString());
}
