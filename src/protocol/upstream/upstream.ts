import type { ByteString } from '../text/bytes.js';

/** Query for results near a position, as sent to an upstream for a WHATSAT. */
export interface NearbyQuery {
  /** Decimal degrees as text, north positive, without a plus sign: `34.068930`, `-8.5`. Text, so that no digit is lost. */
  readonly latitude: string;
  /** Decimal degrees as text, east positive, without a plus sign. */
  readonly longitude: string;
  /** Kilometres, finite, 0 or more; may exceed the upstream's maximum. */
  readonly radiusKm: number;
  /** Maximum number of results: an integer from 0 to the upstream's `maxCount`. */
  readonly count: number;
}

/** One HTTP request, as plain data. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One complete HTTP response, as plain data. */
export interface HttpResponse {
  readonly status: number;
  /** The body, with its content encoding decoded. */
  readonly body: Uint8Array;
  /** Duration of the request in milliseconds, if it was measured. */
  readonly tookMs?: number;
  /** The Retry-After delay in milliseconds, if the headers contain one. */
  readonly retryAfterMs?: number;
}

/**
 * How a WHATSAT with a radius beyond the upstream's maximum is handled. `clamp`: the maximum is used, and the response contains a warning.
 * `reject`: the command is invalid.
 */
export type RadiusBeyondMax = 'clamp' | 'reject';

/**
 * An HTTP API for WHATSAT, as pure functions that format requests and parse responses. The upstream actor sends the requests.
 * docs/guides/write-an-upstream.md explains how to write one.
 */
export interface Upstream {
  /** Maximum count of a WHATSAT. Beyond it, the command is invalid. */
  readonly maxCount: number;
  /** Maximum radius of the API in kilometres. */
  readonly maxRadiusKm: number;
  /** How a WHATSAT with a larger radius is handled; default: `clamp`. */
  readonly radiusBeyondMax?: RadiusBeyondMax;
  /**
   * Returns the maximum cost of a request in the unit that the API charges, for example posts returned. Default: 1 per request.
   */
  readonly units?: (query: NearbyQuery) => number;
  /** Returns the HTTP request of a query. It may contain an API key. */
  request(query: NearbyQuery): HttpRequest;
  /**
   * Converts a response to the format for clients: one line of JSON without its line end, with at most `query.count` results. Responses
   * that have this format already are relayed unchanged except for white space between tokens.
   * @throws UpstreamError if the response is an error; its message may be shown to clients
   */
  answer(response: HttpResponse, query: NearbyQuery): ByteString;
  /** Returns an error with a message in the format for clients: one line of JSON. */
  failure(message: string): ByteString;
}

/** Returns the maximum radius of a valid WHATSAT in kilometres; Infinity if larger ones are clamped. */
export function maxValidRadiusKm({ maxRadiusKm, radiusBeyondMax }: Upstream): number {
  return radiusBeyondMax === 'reject' ? maxRadiusKm : Infinity;
}
