import { flatCopy, type ByteString } from './bytes.js';
import { asClientId, type ClientId, type ServerId } from './ids.js';
import { compareInstants, type Instant } from './time.js';

/** Where a client was, when, and who first heard it: the fields of an AT line. */
export interface Location {
  readonly client: ClientId;
  /** The ISO 6709 field as the client wrote it. */
  readonly position: ByteString;
  /** The time field as the client wrote it. */
  readonly time: ByteString;
  /** The moment that `time` stands for. */
  readonly instant: Instant;
  /** The server that first got it. */
  readonly server: ServerId;
  /** That server's receipt time minus the client's, in seconds: `+0.563873386`. */
  readonly skew: string;
}

/** The AT line of a location, as clients see it, without its line end. */
export function formatAt(location: Location): ByteString {
  return `AT ${location.server} ${location.skew} ${location.client} ${location.position} ${location.time}`;
}

/**
 * Whether `a` replaces `b` as what the herd knows of their client: the greater by (time, server, position, skew). The time
 * field as written stands last, so that two ways to write one moment cannot tie either. The order is total: servers that
 * have seen the same reports, in whatever order, hold the same location to the byte. No other place knows this rule.
 */
export function supersedes(a: Location, b: Location): boolean {
  return compareLocations(a, b) > 0;
}

function compareLocations(a: Location, b: Location): number {
  return (
    compareInstants(a.instant, b.instant) ||
    compareBytes(a.server, b.server) ||
    compareBytes(a.position, b.position) ||
    compareBytes(a.skew, b.skew) ||
    compareBytes(a.time, b.time)
  );
}

function compareBytes(a: ByteString, b: ByteString): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The same location with fields that keep nothing else alive, for keeping: see `flatCopy`. */
export function keepable({ client, position, time, instant, server, skew }: Location): Location {
  // One small string that the fields are cut from costs less than a copy of each.
  const all = flatCopy(`${client}${position}${time}${server}${skew}`);
  let end = 0;
  const copyOf = (field: string): string => all.slice(end, (end += field.length));
  return {
    client: asClientId(copyOf(client)),
    position: copyOf(position),
    time: copyOf(time),
    instant,
    server: copyOf(server) as ServerId,
    skew: copyOf(skew),
  };
}
