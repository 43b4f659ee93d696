import { StringDecoder } from 'node:string_decoder';
import { replaceTerminalActive } from '../../protocol/text/terminal-text.js';

/** Text from outside as a terminal may show it: each character that a terminal acts on is a question mark. */
export function printable(text: string): string {
  return replaceTerminalActive(text, () => '?');
}

/** Lines from outside, in UTF-8, as a terminal may show them. What is not UTF-8 becomes U+FFFD. */
export async function* printableLines(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of source) yield printableText(decoder.write(chunk));
  yield printableText(decoder.end());
}

function printableText(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
