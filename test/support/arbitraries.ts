import fc, { type Arbitrary } from 'fast-check';

import type { ByteString } from '../../src/protocol/text/bytes.js';
import { asClientId, type ClientId, type ServerId } from '../../src/protocol/place/ids.js';
import { locationFromReport, type Location } from '../../src/protocol/place/location.js';
import {
  caughtUpLine,
  comparedLine,
  type InvalidPeerLine,
  type PeerAtLine,
  type PeerLine,
} from '../../src/protocol/peer/peer-line.js';
import { formatSkew, parseTime, type Instant } from '../../src/protocol/place/time.js';

export const whiteSpaceBytes: readonly ByteString[] = [' ', '\t', '\n', '\v', '\f', '\r'];

export const allBytes: readonly ByteString[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** What Unicode or JavaScript takes for white space or for nothing, as bytes in UTF-8, latin1 and UTF-16; and NUL. */
export const notWhiteSpace: readonly ByteString[] = [
  '\xC2\xA0', // U+00A0 no-break space
  '\xA0',
  '\xC2\x85', // U+0085 next line
  '\x85',
  '\xE2\x80\xA8', // U+2028 line separator
  '\xE2\x80\xA9', // U+2029 paragraph separator
  '\xE3\x80\x80', // U+3000 ideographic space
  '\xE2\x80\x8B', // U+200B zero width space
  '\xEF\xBB\xBF', // U+FEFF byte order mark
  '\xFF\xFE',
  '\x00',
  '\x1C\x1D\x1E\x1F',
  '\x7F',
];

/** Bytes that no decoder of UTF-8 takes. */
export const invalidUtf8: readonly ByteString[] = ['\x80', '\xC0\xAF', '\xE2\x80', '\xED\xA0\x80', '\xF8\x88', '\xFF'];

export function byteStrings(constraints: { minLength?: number; maxLength?: number } = {}): Arbitrary<ByteString> {
  return fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString('latin1'));
}

export const separators: Arbitrary<ByteString> = fc.string({
  unit: fc.constantFrom(...whiteSpaceBytes.filter((byte) => byte !== '\n')),
  minLength: 1,
  maxLength: 3,
});

export const clientIds: Arbitrary<ClientId> = fc
  .string({
    unit: fc.constantFrom(...allBytes.filter((byte) => !whiteSpaceBytes.includes(byte))),
    minLength: 1,
    maxLength: 40,
  })
  .map(asClientId);

export const serverIds: Arbitrary<ServerId> = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
  .map((name) => name as ServerId);

const fractions = fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,20}$/));

function degrees(limit: number, maxDigits: number): Arbitrary<string> {
  const inside = fc
    .tuple(fc.nat(limit - 1), fc.integer({ min: 1, max: maxDigits }), fractions)
    .map(([whole, digits, fraction]) => `${String(whole).padStart(digits, '0')}${fraction}`);
  return fc.oneof({ weight: 9, arbitrary: inside }, fc.constantFrom(String(limit), `${limit}.000`));
}

const signs = fc.constantFrom('+', '-');

export const positions: Arbitrary<ByteString> = fc
  .tuple(signs, degrees(90, 2), signs, degrees(180, 3))
  .map((parts) => parts.join(''));

export const times: Arbitrary<ByteString> = fc
  .tuple(fc.stringMatching(/^\d{1,15}$/), fractions)
  .map((parts) => parts.join(''));

/** The moment that a time field stands for. Throws where there is none. */
export function parseInstant(time: ByteString): Instant {
  const parsed = parseTime(time);
  if (parsed === undefined) throw new Error(`${JSON.stringify(time)} is no time`);
  return parsed;
}

const skews = fc.tuple(times, times).map(([received, sent]) => formatSkew(parseInstant(received), parseInstant(sent)));

/** A location with everything that a test does not care about filled in. */
export function locationFromFields(
  fields: Partial<Record<'client' | 'position' | 'time' | 'server' | 'skew', string>>,
): Location {
  const { client = 'kiwi', position = '+34.068930-118.445127', time = '1353118103.108893381' } = fields;
  const { server = 'Blake', skew = '+0.563873386' } = fields;
  const report = { client: asClientId(client), position, time, instant: parseInstant(time) };
  return locationFromReport(report, server as ServerId, skew);
}

/** The fields of a location, to make another of. */
export function locationFields({ client, position, time, server, skew }: Location) {
  return { client, position, time, server, skew };
}

export const locations: Arbitrary<Location> = fc
  .record({ client: clientIds, position: positions, time: times, server: serverIds, skew: skews })
  .map(locationFromFields);

const words: Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_:.'.match(/./g)!),
  minLength: 1,
  maxLength: 24,
});

/** Every line that servers say to each other, but for locations. */
export const peerLines: Arbitrary<Exclude<PeerLine, PeerAtLine | InvalidPeerLine>> = fc.oneof(
  fc.record({
    kind: fc.constant('HELLO' as const),
    version: fc.nat().map(String),
    herd: words,
    from: serverIds,
    to: serverIds,
    nonce: fc.option(words, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('PROOF' as const), proofs: fc.array(words, { minLength: 1, maxLength: 4 }) }),
  fc.record({
    kind: fc.constant('REFUSED' as const),
    reason: fc.array(words, { maxLength: 8 }).map((reason) => reason.join(' ')),
  }),
  fc.record({
    kind: fc.constant('DIGEST' as const),
    partitionHashes: words,
    horizon: fc.option(times.map(parseInstant), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('LEAVES' as const), partition: fc.nat(255), leafHashes: words }),
  fc.record({ kind: fc.constant('SEEK' as const), id: words, hops: fc.nat(999), client: clientIds }),
  fc.record({ kind: fc.constant('UNKNOWN' as const), id: words }),
  fc.record({ kind: fc.constant('BEAT' as const), clock: times.map(parseInstant) }),
  fc.constantFrom(caughtUpLine, comparedLine),
);

/** Locations of one client out of so few that they tie in some of their fields, and often in all but one. */
export const competingLocations: Arbitrary<Location> = fc
  .record({
    time: fc.constantFrom('1', '1.0', '1.5', '1.50', '1.500000001', '1.5000000001', '2', '10', '999999999999999.9'),
    server: fc.constantFrom('Blake', 'Bryant', 'a', 'B'),
    position: fc.constantFrom('+1+1', '-1+1', '+01+001', '+1+1.0'),
    skew: fc.constantFrom(
      '+0.000000001',
      '-0.000000001',
      '+10.000000000',
      '+9.000000000',
      '-60.000000000',
      '-60.000000001',
      '-61.000000000',
      '-61.500000000',
      '-70.000000000',
      '-999999999999999.999999999',
    ),
  })
  .map(locationFromFields);

/** A stream, and one way in which it may arrive. */
export interface ChunkedStream {
  readonly bytes: ByteString;
  readonly chunks: readonly Buffer[];
}

/** Cuts streams at any places, between CR and LF and around empty chunks as well. */
export function chunkedStreams(streams: Arbitrary<ByteString>): Arbitrary<ChunkedStream> {
  return fc.tuple(streams, fc.array(fc.nat(), { maxLength: 20 })).map(([bytes, places]) => {
    const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
    const ends = [...cuts, bytes.length];
    return { bytes, chunks: ends.map((end, at) => Buffer.from(bytes.slice(ends[at - 1] ?? 0, end), 'latin1')) };
  });
}

/** Lines that are commands, nearly commands, or nothing of the kind; without LF. */
export const lines: Arbitrary<ByteString> = fc.oneof(
  fc
    .tuple(separators, clientIds, positions, times)
    .map(([separator, ...fields]) => ['IAMAT', ...fields].join(separator)),
  fc
    .tuple(separators, clientIds, fc.nat(3_000), fc.nat(120))
    .map(([separator, ...fields]) => ['WHATSAT', ...fields].join(separator)),
  fc
    .array(fc.constantFrom('IAMAT', 'WHATSAT', 'AT', 'kiwi', '+1+2', '5', '-', '.', '1e3', '\r', '\xA0'))
    .map((fields) => fields.join(' ')),
  byteStrings({ maxLength: 60 }).map((line) => line.replaceAll('\n', '')),
);
