import { toPrintable } from './output.js';

/** Fields of an upstream's answer, in both formats. */
interface NearbyAnswer {
  readonly error?: unknown;
  readonly error_message?: unknown;
  readonly results?: unknown;
  readonly warning?: unknown;
  readonly info_messages?: unknown;
  readonly html_attributions?: unknown;
}

/** Formats an upstream's answer for people: one line per post or place, followed by warnings and attributions. */
export function describeResults(json: string): string {
  const answer = JSON.parse(json) as NearbyAnswer;
  const error = answer.error ?? answer.error_message;
  if (typeof error === 'string') return toPrintable(`Upstream error: ${error}`);
  const results = Array.isArray(answer.results) ? (answer.results as Record<string, unknown>[]) : [];
  const found = results.length === 0 ? ['No results.'] : results.map((result) => `  ${describeResult(result)}`);
  const notes = listNotes(answer);
  return [...found, ...(notes.length === 0 ? [] : ['']), ...notes].map(toPrintable).join('\n');
}

function listNotes({ warning, info_messages: messages, html_attributions: attributions }: NearbyAnswer): string[] {
  const warnings = [warning, ...asList(messages)].filter((note) => typeof note === 'string');
  const sources = asList(attributions).filter((note) => typeof note === 'string');
  return [...warnings.map((note) => `Note: ${note}`), ...sources.map((note) => `From: ${htmlToText(note)}`)];
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function describeResult(result: Record<string, unknown>): string {
  if (typeof result['text'] === 'string') {
    return `${String(result['created_at'])}  @${String(result['from_user'])}: ${result['text']}`;
  }
  return [result['name'], result['vicinity']].filter((part) => typeof part === 'string').join(', ');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Converts a line of HTML to text. A link becomes its text, followed by its address in brackets. */
function htmlToText(html: string): string {
  return html
    .replace(/<a\s[^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>/gi, '$2 ($1)')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}
