import { htmlToText } from './html-to-text.js';
import { toPrintable } from './printable.js';

/** What an answer says besides what is near, wherever the two forms have it. */
interface NearbyAnswer {
  readonly error?: unknown;
  readonly error_message?: unknown;
  readonly results?: unknown;
  readonly warning?: unknown;
  readonly info_messages?: unknown;
  readonly html_attributions?: unknown;
}

/** What is near, for people: one line a post or place of an upstream's answer, and below it what the upstream wants to have said. */
export function describeResults(json: string): string {
  const answer = JSON.parse(json) as NearbyAnswer;
  const error = answer.error ?? answer.error_message;
  if (typeof error === 'string') return toPrintable(`The upstream gave no answer: ${error}`);
  const results = Array.isArray(answer.results) ? (answer.results as Record<string, unknown>[]) : [];
  const found = results.length === 0 ? ['Nothing is near.'] : results.map((result) => `  ${describeResult(result)}`);
  const notes = listNotes(answer);
  return [...found, ...(notes.length === 0 ? [] : ['']), ...notes].map(toPrintable).join('\n');
}

/** What the reader should know of the answer, and then whom it is from. */
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
