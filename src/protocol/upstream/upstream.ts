import type { ByteString } from '../text/bytes.js';

/** What is near a place: the question that WHATSAT puts to an upstream. */
export interface NearbyQuery {
  /** Decimal degrees as text, north positive, without a plus sign: `34.068930`, `-8.5`. Text, so that no digit is lost. */
  readonly latitude: string;
  /** Decimal degrees as text, east positive, without a plus sign. */
  readonly longitude: string;
  /** Kilometres, finite, 0 or more; may exceed what the upstream takes. */
  readonly radiusKm: number;
  /** How many results at most: a whole number from 0 to the upstream's `maxCount`. */
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
  /** The body's bytes, content encoding already undone. */
  readonly body: Uint8Array;
  /** How long it took to come, in milliseconds, if that was measured. */
  readonly tookMs?: number;
  /** When the far end wants to be asked again, in milliseconds from now, if its headers say so. */
  readonly retryAfterMs?: number;
}

/**
 * What becomes of a WHATSAT with a larger radius than the upstream takes. `clamp`: the upstream is asked for its largest, and the
 * answer says so. `reject`: the command is invalid.
 */
export type RadiusBeyondMax = 'clamp' | 'reject';

/**
 * An HTTP API that WHATSAT can ask, as pure functions: what to send, and what an answer means. Who sends it, when, and how
 * often is the business of the upstream actor. docs/upstreams.md tells how to write one.
 */
export interface Upstream {
  /** The largest count a WHATSAT may ask for. Beyond it the command is invalid. */
  readonly maxCount: number;
  /** The largest radius the API takes, in kilometres. */
  readonly maxRadiusKm: number;
  /** What becomes of a WHATSAT with a larger radius; left out: `clamp`. */
  readonly radiusBeyondMax?: RadiusBeyondMax;
  /**
   * What a request costs at most, in the unit that the API's owner counts: posts that may be returned, say. Left out where
   * each request counts one.
   */
  readonly units?: (query: NearbyQuery) => number;
  /** The request that asks the question. It may hold a key. */
  request(query: NearbyQuery): HttpRequest;
  /**
   * The answer in the form that clients read, as one line of JSON without its line end, with at most `question.count`
   * results. An API that speaks that form already is relayed byte for byte but for white space between tokens.
   * @throws UpstreamError when the response is no answer; its message may be shown to clients.
   */
  answer(response: HttpResponse, query: NearbyQuery): ByteString;
  /** One line of JSON that says, in the form of an error that clients read, that there is no answer and why. */
  failure(message: string): ByteString;
}

/** The largest radius of a valid WHATSAT, in kilometres; infinite where a larger one is clamped. */
export function maxValidRadiusKm({ maxRadiusKm, radiusBeyondMax }: Upstream): number {
  return radiusBeyondMax === 'reject' ? maxRadiusKm : Infinity;
}
