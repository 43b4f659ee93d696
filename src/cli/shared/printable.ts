import { StringDecoder } from 'node:string_decoder';
import { replaceTerminalControls } from '../../protocol/text/terminal-text.js';

/** Text from outside as a terminal may show it: each character that a terminal acts on is a question mark. */
export function toPrintable(text: string): string {
  return replaceTerminalControls(text, () => '?');
}

/** Lines from outside, in UTF-8, as a terminal may show them. What is not UTF-8 becomes U+FFFD. */
export async function* toPrintableLines(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of source) yield toPrintableText(decoder.write(chunk));
  yield toPrintableText(decoder.end());
}

function toPrintableText(text: string): string {
  return text.split('\n').map(toPrintable).join('\n');
}
