import type { WriteStream } from 'node:tty';
import { truncateToTerminal, type StatusLine, type Severity } from './render.js';

const colours: Readonly<Record<Severity, string>> = {
  plain: '',
  good: '\x1b[32m',
  waiting: '\x1b[33m',
  bad: '\x1b[31m',
};
const noColour = '\x1b[0m';

/** Formats a page as lines of text, with colours as escape sequences if `hasColours`. */
export function colourLines(page: readonly StatusLine[], hasColours: boolean): string[] {
  return page.map(({ text, severity }) =>
    hasColours && severity !== 'plain' ? `${colours[severity]}${text}${noColour}` : text,
  );
}

/** Whether to write colours: to a terminal, unless the user disabled them (https://no-color.org). */
export function supportsColours(stream: WriteStream, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && environment['TERM'] !== 'dumb' && (environment['NO_COLOR'] ?? '') === '';
}

/** Full-screen terminal output in which each page replaces the last. `close` restores the previous contents. */
export class Screen {
  constructor(
    private readonly terminal: WriteStream,
    private readonly hasColours: boolean,
  ) {
    // Alternate screen buffer, hidden cursor.
    terminal.write('\x1b[?1049h\x1b[?25l');
  }

  show(page: readonly StatusLine[]): void {
    const lines = colourLines(truncateToTerminal(page, this.terminal.columns, this.terminal.rows), this.hasColours);
    // Erases the rest of each line and of the screen; erasing everything first would flicker.
    this.terminal.write(`\x1b[H${lines.join('\x1b[K\r\n')}\x1b[K\x1b[J`);
  }

  close(): void {
    this.terminal.write('\x1b[?25h\x1b[?1049l');
  }
}
