import { encodeToScratch } from '../text/latin1.js';
import { flatCopy, type ByteString } from '../text/bytes.js';
import { leafOf } from './digest.js';
import { asClientId, clientIdSource, serverIdSource, type ClientId, type ServerId } from './ids.js';
import { compareAtLines, parseAtTimes, type AtTimes } from './location-order.js';
import { positionSource } from './position.js';
import { compareInstants, timeSource, type Instant } from './time.js';

/** Prefix of every AT line. */
export const atPrefix = 'AT ';

/** A location of a client: its AT line, which is identical on every server of the herd. Other values are parsed from the line. */
export class Location {
  // Decoded and parsed when needed first. Not properties, so that equal locations have equal properties.
  #client: ClientId | undefined;
  #times: AtTimes | undefined;

  /**
   * @param line a valid AT line without its line end; not a slice of a larger string, which would stay in memory
   * @param clientOffset offset of the client ID in the line
   */
  constructor(
    readonly line: ByteString,
    readonly clientOffset: number,
  ) {}

  /** Creates the location of a valid AT line, given without its line end. The line must not be a slice of a larger string. */
  static ofLine(line: ByteString): Location {
    const skewStart = line.indexOf(' ', atPrefix.length) + 1;
    return new Location(line, line.indexOf(' ', skewStart) + 1);
  }

  get client(): ClientId {
    // A string of its own, not a slice of the line: map lookups are three times as fast.
    return (this.#client ??= asClientId(flatCopy(this.line.slice(this.clientOffset, this.clientEnd))));
  }

  /** The client's leaf in the digest. */
  get leaf(): number {
    return leafOf(this.client);
  }

  /** The effective time, by which locations of a client are ordered ([LO1]). */
  get effective(): Instant {
    return this.times.effective;
  }

  /** The server that received the report. */
  get server(): ServerId {
    return this.line.slice(atPrefix.length, this.serverEnd) as ServerId;
  }

  /** That server's receipt time minus the client's, in seconds: `+0.563873386`. */
  get skew(): string {
    return this.line.slice(this.serverEnd + 1, this.skewEnd);
  }

  /** The ISO 6709 field as the client wrote it. */
  get position(): ByteString {
    const start = this.clientEnd + 1;
    return this.line.slice(start, this.line.indexOf(' ', start));
  }

  /** The time field as the client wrote it. */
  get time(): ByteString {
    return this.line.slice(this.line.lastIndexOf(' ') + 1);
  }

  /** When its server received it, by that server's clock: the client's time plus the skew. */
  get received(): Instant {
    return this.times.received;
  }

  /** Returns the AT line, which represents a location in JSON; `parseAt` parses it. */
  toJSON(): ByteString {
    return this.line;
  }

  private get times(): AtTimes {
    return (this.#times ??= this.parseTimes());
  }

  private parseTimes(): AtTimes {
    const { line, serverEnd, skewEnd } = this;
    const timeStart = line.lastIndexOf(' ') + 1;
    return parseAtTimes(encodeToScratch(line).bytes, {
      skewStart: serverEnd + 1,
      skewEnd,
      timeStart,
      end: line.length,
    });
  }

  private get clientEnd(): number {
    return this.line.indexOf(' ', this.clientOffset);
  }

  private get serverEnd(): number {
    return this.line.indexOf(' ', atPrefix.length);
  }

  private get skewEnd(): number {
    return this.line.indexOf(' ', this.serverEnd + 1);
  }
}

/** A report as the client sent it. */
export interface LocationReport {
  readonly client: ClientId;
  readonly position: ByteString;
  readonly time: ByteString;
  /** The parsed `time`. */
  readonly instant: Instant;
}

/** Creates the location of a report from the skew that the server measured. */
export function locationFromReport(
  { client, position, time }: LocationReport,
  server: ServerId,
  skew: string,
): Location {
  const line = `${atPrefix}${server} ${skew} ${client} ${position} ${time}`;
  return Location.ofLine(flatCopy(line));
}

/** Pattern of an AT line, whose fields must be valid like those of a client ([PE10]). */
export const atSource = `${atPrefix}${serverIdSource} [+-]\\d{1,15}\\.\\d{9} ${clientIdSource} ${positionSource} ${timeSource}`;

const atPattern = new RegExp(`^${atSource}$`);

/** Parses an AT line as sent to clients. Never throws; returns undefined if it is not valid. */
export function parseAt(line: ByteString): Location | undefined {
  return atPattern.test(line) ? Location.ofLine(flatCopy(line)) : undefined;
}

/**
 * Whether `a` replaces `b`, a location of the same client ([LO1], `compareAtLines`). The order is total: servers that received the same
 * reports, in any order, store identical locations.
 */
export function supersedes(a: Location, b: Location): boolean {
  return (compareInstants(a.effective, b.effective) || compareAtLines(a.line, b.line)) > 0;
}

/** Returns the newer of two locations of a client. */
export function pickNewer(location: Location, other: Location | undefined): Location {
  return other === undefined || supersedes(location, other) ? location : other;
}

/** Compares times of receipt, each by its server's clock: negative if `a` was received before `b`, 0 in the same nanosecond. */
export function compareReceiptTimes(a: Location, b: Location): number {
  return compareInstants(a.received, b.received);
}

/** Whether a location was received after a moment, by its server's clock. */
export function isReceivedAfter(location: Location, moment: Instant): boolean {
  return compareInstants(location.received, moment) > 0;
}
