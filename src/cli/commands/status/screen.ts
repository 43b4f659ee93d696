import type { WriteStream } from 'node:tty';
import { truncateToTerminal, type StatusLine, type Severity } from './render.js';

const colours: Readonly<Record<Severity, string>> = {
  plain: '',
  good: '\x1b[32m',
  waiting: '\x1b[33m',
  bad: '\x1b[31m',
};
const noColour = '\x1b[0m';

/** Lines as they go to a terminal or a file. */
export function colourLines(page: readonly StatusLine[], colour: 'coloured' | 'plain'): string[] {
  return page.map(({ text, severity }) =>
    colour === 'plain' || severity === 'plain' ? text : `${colours[severity]}${text}${noColour}`,
  );
}

/** Whether colours are wanted (https://no-color.org), where a terminal shows them. */
export function selectColour(stream: WriteStream, environment: NodeJS.ProcessEnv): 'coloured' | 'plain' {
  return stream.isTTY && environment['TERM'] !== 'dumb' && (environment['NO_COLOR'] ?? '') === ''
    ? 'coloured'
    : 'plain';
}

/** A terminal on which one page takes the place of the last. What stood there before is there again after `close`. */
export class Screen {
  constructor(
    private readonly terminal: WriteStream,
    private readonly colour: 'coloured' | 'plain',
  ) {
    // The other screen, without a cursor.
    terminal.write('\x1b[?1049h\x1b[?25l');
  }

  show(page: readonly StatusLine[]): void {
    const lines = colourLines(truncateToTerminal(page, this.terminal.columns, this.terminal.rows), this.colour);
    // Each line is erased behind its end, and what is left below: to erase all first would flicker.
    this.terminal.write(`\x1b[H${lines.join('\x1b[K\r\n')}\x1b[K\x1b[J`);
  }

  close(): void {
    this.terminal.write('\x1b[?25h\x1b[?1049l');
  }
}
