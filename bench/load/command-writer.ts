import type { AckedReport } from './load.js';
import type { Workload } from './load-job.js';

/** Template of a command, with the offsets of the digits that change. */
interface Pattern {
  readonly bytes: Buffer;
  /** Offset of the seven digits of the client. */
  readonly clientOffset: number;
  /** Offset of the nine digits that make each report newer than the previous one; undefined in a query. */
  readonly stampOffset: number | undefined;
}

/** Writes the commands of a workload into buffers, without allocating per command. All commands have the same length. */
export class CommandWriter {
  readonly bytesPerCommand: number;
  /** Whether the response has a second line of JSON. */
  readonly isQuery: boolean;
  private readonly pattern: Pattern;
  private stamp = 0;

  /** @param seconds integer part of the POSIX time of all reports of a job */
  constructor(
    workload: Workload,
    private readonly seconds: number,
  ) {
    this.pattern = createPattern(workload, seconds);
    this.bytesPerCommand = this.pattern.bytes.length;
    this.isQuery = workload === 'whatsat';
  }

  /** Fills a buffer with copies of the command, into which `write` only puts the digits that change. */
  fill(buffer: Buffer): void {
    buffer.fill(this.pattern.bytes);
  }

  /** Writes a command over another one; returns the stamp of a report, or 0 for a query. */
  write(to: Buffer, at: number, client: number): number {
    const { clientOffset, stampOffset } = this.pattern;
    writeDigits(to, at + clientOffset, 7, client);
    if (stampOffset === undefined) return 0;
    this.stamp += 1;
    writeDigits(to, at + stampOffset, 9, this.stamp);
    return this.stamp;
  }

  /** Returns the client ID and time of the report with this client and stamp. */
  reportAt(client: number, stamp: number): AckedReport {
    return { client: `phone${padNumber(client, 7)}`, time: `${this.seconds}.${padNumber(stamp, 9)}` };
  }
}

function padNumber(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function writeDigits(to: Buffer, at: number, count: number, value: number): void {
  let rest = value;
  for (let index = at + count - 1; index >= at; index -= 1) {
    const next = (rest / 10) | 0;
    to[index] = 48 + rest - next * 10;
    rest = next;
  }
}

function createPattern(workload: Workload, seconds: number): Pattern {
  switch (workload) {
    case 'iamat':
      return iamat(seconds);
    case 'whatsat':
      return whatsat();
    case 'geoadd':
      return geoadd();
    default:
      return workload satisfies never;
  }
}

function iamat(seconds: number): Pattern {
  const text = `IAMAT phone0000000 +34.068930-118.445127 ${seconds}.000000000\n`;
  return { bytes: Buffer.from(text), clientOffset: 'IAMAT phone'.length, stampOffset: text.length - 10 };
}

function whatsat(): Pattern {
  return {
    bytes: Buffer.from('WHATSAT phone0000000 10 5\n'),
    clientOffset: 'WHATSAT phone'.length,
    stampOffset: undefined,
  };
}

/** Redis ignores an unchanged position, so the digits of the longitude change. */
function geoadd(): Pattern {
  const before = '*5\r\n$6\r\nGEOADD\r\n$4\r\nherd\r\n$14\r\n-118.';
  const text = `${before}000000000\r\n$9\r\n34.068930\r\n$12\r\nphone0000000\r\n`;
  return { bytes: Buffer.from(text), clientOffset: text.length - 9, stampOffset: before.length };
}
