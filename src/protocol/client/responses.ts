import type { ByteString } from '../text/bytes.js';

/** Response to one command: an AT line, followed by a line of JSON for a WHATSAT; or `? ` and a copy of the command. */
export type CommandResponse = readonly [head: ByteString, ...json: ByteString[]];

/** Groups the lines that a server sends on one connection into responses. */
export class ResponseReader {
  private head: ByteString | undefined;

  /**
   * Adds the next line.
   * @param isWhatsat whether it belongs to the response to a WHATSAT
   * @returns the response that the line completes; undefined if another line follows
   */
  add(line: ByteString, isWhatsat: boolean): CommandResponse | undefined {
    const { head } = this;
    if (head === undefined && isWhatsat && line.startsWith('AT ')) {
      this.head = line;
      return undefined;
    }
    this.head = undefined;
    return head === undefined ? [line] : [head, line];
  }
}

/** Whether a command is a WHATSAT. */
export function isWhatsat(command: ByteString): boolean {
  return command.startsWith('WHATSAT');
}
