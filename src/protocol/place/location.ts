import { encodeToScratch, decodeLatin1 } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { partitionOfHash } from './digest.js';
import { hashHigh, hashLow } from '../text/hash.js';
import { asClientId, clientIdSource, serverIdSource, type ClientId, type ServerId } from './ids.js';
import { compareAtLines, parseAtTimes, type AtTimes } from './location-order.js';
import { positionSource } from './position.js';
import { compareInstants, timeSource, type Instant } from './time.js';

/** What stands in front of every AT line. */
const atPrefix = 'AT ';

/**
 * Where a client was, when, and who first heard it. It is its AT line, the same bytes in every server of the herd, and
 * beside it only what is looked at with every update; all else is cut from the line when somebody asks. A million of them
 * are kept, so each field counts.
 */
export class Location {
  private clientText: ClientId;
  /** The effective time, by which locations of a client are ordered ([LO1]). */
  readonly effectiveSeconds: number;
  readonly effectiveNanoseconds: number;
  /** Whole seconds of the time of receipt, by which a full store evicts; `received` has it to the nanosecond. */
  readonly receivedSeconds: number;
  /** The bucket of the digest that the client belongs to. */
  readonly partition: number;
  /** The hash of the line, in two halves of 32 bits. */
  readonly hashLow: number;
  readonly hashHigh: number;

  /**
   * @param line the AT line as clients see it, without its line end, its fields right and one space apart; a text of its own,
   *   not a part of a larger one, which it would keep alive
   * @param bytes the same, as bytes; read here, and not kept
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
    // A text of its own, not a slice of the line: as a key of a map it is found three times as fast.
    this.clientText = asClientId(decodeLatin1(bytes, clientStart, clientEnd));
    this.partition = partitionOfHash(hashLow(bytes, clientStart, clientEnd));
    this.hashLow = hashLow(bytes, atPrefix.length, end);
    this.hashHigh = hashHigh(bytes, atPrefix.length, end);
    const { effective, received } = parseAtTimes(bytes, { skewStart, skewEnd: clientStart - 1, timeStart, end });
    this.effectiveSeconds = effective.seconds;
    this.effectiveNanoseconds = effective.nanoseconds;
    this.receivedSeconds = received.seconds;
  }

  /** The location in a text that begins with an AT line, known to be right, which ends there. No more of the text is kept. */
  static fromPrefix(text: ByteString, end: number): Location {
    const bytes = encodeToScratch(text);
    return new Location(decodeLatin1(bytes, 0, end), bytes);
  }

  get client(): ClientId {
    return this.clientText;
  }

  /**
   * Takes over the text of the client's ID from the location that this one replaces. The key of a map stays the text that it
   * first was; with a text of its own in each new location, the ID of every client that moves would be kept twice.
   */
  reuseClientTextOf(replaced: Location): void {
    this.clientText = replaced.clientText;
  }

  /** The server that first got it. */
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

  /** Its line: what a location is where it travels as JSON. `parseAt` reads it. */
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

/** What a client reports, as it wrote it. */
export interface LocationReport {
  readonly client: ClientId;
  readonly position: ByteString;
  readonly time: ByteString;
  /** The moment that `time` stands for. */
  readonly instant: Instant;
}

/** The location that a server makes of a report, and the skew that it measured. */
export function locationFromReport(
  { client, position, time }: LocationReport,
  server: ServerId,
  skew: string,
): Location {
  const line = `${atPrefix}${server} ${skew} ${client} ${position} ${time}`;
  return Location.fromPrefix(line, line.length);
}

/** An AT line, its fields checked as a client's are ([PE10]). */
export const atSource = `${atPrefix}${serverIdSource} [+-]\\d{1,15}\\.\\d{9} ${clientIdSource} ${positionSource} ${timeSource}`;

const atPattern = new RegExp(`^${atSource}$`);

/** Reads an AT line as clients see it. Never throws; undefined if it is none. */
export function parseAt(line: ByteString): Location | undefined {
  return atPattern.test(line) ? Location.fromPrefix(line, line.length) : undefined;
}

/**
 * Whether `a` replaces `b` as what the herd knows of their client ([LO1], `compareAtLines`). The order is total: servers that have
 * seen the same reports, in whatever order, hold the same location to the byte.
 */
export function supersedes(a: Location, b: Location): boolean {
  const difference =
    a.effectiveSeconds - b.effectiveSeconds ||
    a.effectiveNanoseconds - b.effectiveNanoseconds ||
    compareAtLines(a.line, b.line);
  return difference > 0;
}

/** The one of two locations of a client that replaces the other. */
export function pickNewer(location: Location, other: Location | undefined): Location {
  return other === undefined || supersedes(location, other) ? location : other;
}

/** Below zero if `a` was received before `b`, zero in the same nanosecond, above zero if later; each by its server's clock. */
export function compareReceiptTimes(a: Location, b: Location): number {
  return a.receivedSeconds - b.receivedSeconds || compareInstants(a.received, b.received);
}

/** Whether a location was received after a moment, by its server's clock. */
export function isReceivedAfter(location: Location, moment: Instant): boolean {
  const differenceSeconds = location.receivedSeconds - moment.seconds;
  return differenceSeconds === 0 ? location.received.nanoseconds > moment.nanoseconds : differenceSeconds > 0;
}
