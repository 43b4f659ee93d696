import { encodeToScratch, decodeLatin1 } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { partitionOfHash } from './digest.js';
import { hashHigh, hashLow } from '../text/hash.js';
import { asClientId, clientIdSource, serverIdSource, type ClientId, type ServerId } from './ids.js';
import { compareAtLines, parseAtTimes, type AtTimes } from './location-order.js';
import { positionSource } from './position.js';
import { compareInstants, timeSource, type Instant } from './time.js';

/** Prefix of every AT line. */
const atPrefix = 'AT ';

/**
 * A location of a client: its AT line, which is identical on every server of the herd, and the values needed for every update. All other
 * values are parsed from the line on demand. A million locations may be stored, so each field counts.
 */
export class Location {
  private clientText: ClientId;
  /** The effective time, by which locations of a client are ordered ([LO1]). */
  readonly effectiveSeconds: number;
  readonly effectiveNanoseconds: number;
  /** Whole seconds of the time of receipt, by which a full store evicts; `received` has it to the nanosecond. */
  readonly receivedSeconds: number;
  /** The client's partition in the digest. */
  readonly partition: number;
  /** The hash of the line, in two halves of 32 bits. */
  readonly hashLow: number;
  readonly hashHigh: number;

  /**
   * @param line a valid AT line without its line end; not a slice of a larger string, which would stay in memory
   * @param bytes the bytes of the line; not retained
   */
  private constructor(
    readonly line: ByteString,
    bytes: Buffer,
  ) {
    const end = line.length;
    const skewStart = line.indexOf(' ', atPrefix.length) + 1;
    const clientStart = line.indexOf(' ', skewStart) + 1;
    const clientEnd = line.indexOf(' ', clientStart);
    const timeStart = line.indexOf(' ', clientEnd + 1) + 1;
    // A string of its own, not a slice of the line: map lookups are three times as fast.
    this.clientText = asClientId(decodeLatin1(bytes, clientStart, clientEnd));
    this.partition = partitionOfHash(hashLow(bytes, clientStart, clientEnd));
    this.hashLow = hashLow(bytes, atPrefix.length, end);
    this.hashHigh = hashHigh(bytes, atPrefix.length, end);
    const { effective, received } = parseAtTimes(bytes, { skewStart, skewEnd: clientStart - 1, timeStart, end });
    this.effectiveSeconds = effective.seconds;
    this.effectiveNanoseconds = effective.nanoseconds;
    this.receivedSeconds = received.seconds;
  }

  /** Returns the location of the valid AT line that is the text up to `end`. The rest of the text is not retained. */
  static fromPrefix(text: ByteString, end: number): Location {
    const bytes = encodeToScratch(text);
    return new Location(decodeLatin1(bytes, 0, end), bytes);
  }

  get client(): ClientId {
    return this.clientText;
  }

  /**
   * Reuses the client ID string of the location that this one replaces. Map keys remain the first string; with another one in each new
   * location, the ID of every client that moves would be stored twice.
   */
  reuseClientTextOf(replaced: Location): void {
    this.clientText = replaced.clientText;
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
    const start = this.skewEnd + 1 + this.client.length + 1;
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
    const { line, serverEnd, skewEnd } = this;
    const timeStart = line.lastIndexOf(' ') + 1;
    return parseAtTimes(encodeToScratch(line), { skewStart: serverEnd + 1, skewEnd, timeStart, end: line.length });
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
  return Location.fromPrefix(line, line.length);
}

/** Pattern of an AT line, whose fields must be valid like those of a client ([PE10]). */
export const atSource = `${atPrefix}${serverIdSource} [+-]\\d{1,15}\\.\\d{9} ${clientIdSource} ${positionSource} ${timeSource}`;

const atPattern = new RegExp(`^${atSource}$`);

/** Parses an AT line as sent to clients. Never throws; returns undefined if it is not valid. */
export function parseAt(line: ByteString): Location | undefined {
  return atPattern.test(line) ? Location.fromPrefix(line, line.length) : undefined;
}

/**
 * Whether `a` replaces `b`, a location of the same client ([LO1], `compareAtLines`). The order is total: servers that received the same
 * reports, in any order, store identical locations.
 */
export function supersedes(a: Location, b: Location): boolean {
  const difference =
    a.effectiveSeconds - b.effectiveSeconds ||
    a.effectiveNanoseconds - b.effectiveNanoseconds ||
    compareAtLines(a.line, b.line);
  return difference > 0;
}

/** Returns the newer of two locations of a client. */
export function pickNewer(location: Location, other: Location | undefined): Location {
  return other === undefined || supersedes(location, other) ? location : other;
}

/** Compares times of receipt, each by its server's clock: negative if `a` was received before `b`, 0 in the same nanosecond. */
export function compareReceiptTimes(a: Location, b: Location): number {
  return a.receivedSeconds - b.receivedSeconds || compareInstants(a.received, b.received);
}

/** Whether a location was received after a moment, by its server's clock. */
export function isReceivedAfter(location: Location, moment: Instant): boolean {
  const differenceSeconds = location.receivedSeconds - moment.seconds;
  return differenceSeconds === 0 ? location.received.nanoseconds > moment.nanoseconds : differenceSeconds > 0;
}
