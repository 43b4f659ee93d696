import type { Told } from './load.js';
import type { Workload } from './order.js';

/** A command as bytes, all of one length, with the places of what changes from one to the next. */
interface Pattern {
  readonly bytes: Buffer;
  /** Where the seven digits of the client begin, and where the nine digits that tell one report from the next. */
  readonly clientAt: number;
  readonly stampAt: number | undefined;
}

/** Every tenth command of a mixed load asks. */
const mixedEvery = 10;

/** Writes the commands of a workload into buffers, digit by digit: nothing is allocated for a command. */
export class Commands {
  readonly bytesEach: number;
  private readonly tell: Pattern;
  private readonly ask: Pattern;
  private stamp = 0;

  /** @param seconds the POSIX time of all reports of this order, but for its fraction */
  constructor(
    private readonly workload: Workload,
    private readonly seconds: number,
  ) {
    this.tell = workload === 'geoadd' ? geoadd() : iamat(seconds);
    this.ask = whatsat(this.tell.bytes.length);
    this.bytesEach = this.tell.bytes.length;
  }

  /** Whether the command of that number on its connection asks where a client is. */
  asks(index: number): boolean {
    if (this.workload === 'mixed') return index % mixedEvery === mixedEvery - 1;
    return this.workload === 'whatsat';
  }

  /** Writes the command of that number on its connection; returns the stamp of a report, 0 for a question. */
  write(to: Buffer, at: number, index: number, client: number): number {
    const { bytes, clientAt, stampAt } = this.asks(index) ? this.ask : this.tell;
    bytes.copy(to, at);
    digits(to, at + clientAt, 7, client);
    if (stampAt === undefined) return 0;
    this.stamp += 1;
    digits(to, at + stampAt, 9, this.stamp);
    return this.stamp;
  }

  /** What a report of that client with that stamp says, but for the position. */
  told(client: number, stamp: number): Told {
    return { client: `phone${padded(client, 7)}`, time: `${this.seconds}.${padded(stamp, 9)}` };
  }
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function digits(to: Buffer, at: number, count: number, value: number): void {
  let rest = value;
  for (let place = at + count - 1; place >= at; place -= 1) {
    const next = (rest / 10) | 0;
    to[place] = 48 + rest - next * 10;
    rest = next;
  }
}

function iamat(seconds: number): Pattern {
  const text = `IAMAT phone0000000 +34.068930-118.445127 ${seconds}.000000000\n`;
  return { bytes: Buffer.from(text), clientAt: 'IAMAT phone'.length, stampAt: text.length - 10 };
}

/** As long as a report: the fields may stand as far apart as they like. */
function whatsat(length: number): Pattern {
  const text = 'WHATSAT phone0000000 10';
  return { bytes: Buffer.from(`${text}${'5\n'.padStart(length - text.length)}`), clientAt: 13, stampAt: undefined };
}

/** Redis takes no position twice for news; so its digits change. */
function geoadd(): Pattern {
  const before = '*5\r\n$6\r\nGEOADD\r\n$4\r\nherd\r\n$14\r\n-118.';
  const text = `${before}000000000\r\n$9\r\n34.068930\r\n$12\r\nphone0000000\r\n`;
  return { bytes: Buffer.from(text), clientAt: text.length - 9, stampAt: before.length };
}
