import { bytesOf, textOf, type ByteString } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import type { HttpRequest, NearbyQuery, RadiusBeyondMax, Upstream } from '../protocol/upstream/upstream.js';
import type { UpstreamBinding } from './upstream-binding.js';
import { isObject } from './response.js';

/*
 * A recording is lines of JSON: a header that describes the upstream, then one line per query with its answer. The requests to
 * the upstream are not recorded, so a recording holds no API key. It is text, so that people can read, shorten and write one.
 */

/** First line of a recording. */
export interface RecordingHeader {
  readonly recording: 'herd upstream 1';
  readonly maxCount: number;
  readonly maxRadiusKm: number;
  /** Missing in recordings of earlier versions, which clamped. */
  readonly radiusBeyondMax?: RadiusBeyondMax;
  /** The upstream's error format, with `MESSAGE` in place of the error message. */
  readonly failure: string;
}

/** Every other line of a recording: a query and its answer. */
export interface RecordedAnswer extends NearbyQuery {
  /** The upstream's answer; undefined if the query failed. */
  readonly json?: ByteString;
  /** Message of the error, if the query failed. */
  readonly error?: string;
  readonly kind?: UpstreamErrorKind;
}

const messagePlaceholder = 'MESSAGE';

/** Formats the first line of a recording. */
export function formatHeader(upstream: Upstream): string {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const failure = textOf(upstream.failure(messagePlaceholder));
  const header: RecordingHeader = { recording: 'herd upstream 1', maxCount, maxRadiusKm, radiusBeyondMax, failure };
  return JSON.stringify(header);
}

/** Wraps an upstream so that every answer and every failure, of the upstream or of the connection, is passed to `writeLine`. */
export function withRecording({ upstream, http }: UpstreamBinding, writeLine: (line: string) => void): UpstreamBinding {
  const queries = new WeakMap<HttpRequest, NearbyQuery>();
  const recordFailure = (query: NearbyQuery, error: unknown) => {
    if (!(error instanceof UpstreamError)) return;
    writeLine(JSON.stringify({ ...queryFields(query), error: error.message, kind: error.kind }));
  };
  return {
    upstream: {
      ...upstream,
      request: (query) => {
        // Copied because an upstream may reuse one object for different queries.
        const request = { ...upstream.request(query) };
        queries.set(request, query);
        return request;
      },
      answer: (response, query) => {
        try {
          const json = upstream.answer(response, query);
          writeLine(JSON.stringify({ ...queryFields(query), json: textOf(json) }));
          return json;
        } catch (error) {
          recordFailure(query, error);
          throw error;
        }
      },
    },
    http: {
      fetch: async (request, signal) => {
        try {
          return await http.fetch(request, signal);
        } catch (error) {
          const query = queries.get(request);
          // An aborted request failed for the reason of the abort.
          if (query !== undefined) recordFailure(query, signal.aborted ? signal.reason : error);
          throw error;
        }
      },
    },
  };
}

function queryFields({ latitude, longitude, radiusKm, count }: NearbyQuery): NearbyQuery {
  return { latitude, longitude, radiusKm, count };
}

/** Parsed recording. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly answers: readonly RecordedAnswer[];
}

/**
 * Parses a recording.
 * @throws SyntaxError that names the invalid line
 */
export function parseRecording(text: string): Recording {
  const [first = '', ...rest] = text.split('\n');
  const header = parseLine(first, 1);
  if (!isHeader(header))
    throw new SyntaxError('line 1: not the header of a recording (create one with herd start --record)');
  const answers = rest.flatMap((line, index) => (line.trim() === '' ? [] : [parseAnswer(line, index + 2)]));
  return { header, answers };
}

/** Formats an error message in the recorded upstream's error format. */
export function formatFailure({ failure }: RecordingHeader, message: string): ByteString {
  return bytesOf(failure.replace(messagePlaceholder, () => JSON.stringify(message).slice(1, -1)));
}

function parseAnswer(line: string, number: number): RecordedAnswer {
  const value = parseLine(line, number);
  if (!isAnswer(value)) throw new SyntaxError(`line ${number}: expected a query with its answer`);
  return value.json === undefined ? value : { ...value, json: bytesOf(value.json) };
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SyntaxError(`line ${number}: invalid JSON`);
  }
}

function isHeader(value: unknown): value is RecordingHeader {
  if (!isObject(value)) return false;
  const { recording, maxCount, maxRadiusKm, radiusBeyondMax = 'clamp', failure } = value;
  return (
    recording === 'herd upstream 1' &&
    Number.isSafeInteger(maxCount) &&
    Number.isFinite(maxRadiusKm) &&
    (radiusBeyondMax === 'clamp' || radiusBeyondMax === 'reject') &&
    typeof failure === 'string' &&
    !/[\r\n]/.test(failure)
  );
}

function isAnswer(value: unknown): value is RecordedAnswer {
  if (!isObject(value)) return false;
  const { latitude, longitude, radiusKm, count, json, error } = value;
  return (
    typeof latitude === 'string' &&
    typeof longitude === 'string' &&
    Number.isFinite(radiusKm) &&
    Number.isSafeInteger(count) &&
    (typeof json === 'string' ? !/[\r\n]/.test(json) : typeof error === 'string')
  );
}
