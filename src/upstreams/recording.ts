import { bytesOf, textOf, type ByteString } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import type { HttpRequest, NearbyQuery, RadiusBeyondMax, Upstream } from '../protocol/upstream/upstream.js';
import type { UpstreamBinding } from './upstream-binding.js';
import { isObject } from './response.js';

/*
 * A recording is lines of JSON: a head that says what the upstream was like, and then a question and its answer each. What was
 * sent to the upstream is not in it, and so no key is. Text, so that a person can read it, cut it and write one.
 */

/** What stands in the first line. */
export interface RecordingHeader {
  readonly recording: 'herd upstream 1';
  readonly maxCount: number;
  readonly maxRadiusKm: number;
  /** Left out in recordings of earlier versions, which clamped. */
  readonly radiusBeyondMax?: RadiusBeyondMax;
  /** The upstream's form of an error; `MESSAGE` stands where what went wrong stands. */
  readonly failure: string;
}

/** What stands in each line behind it. */
export interface RecordedAnswer extends NearbyQuery {
  /** What the upstream answered; undefined if that was no answer. */
  readonly json?: ByteString;
  /** What was wrong with it. */
  readonly error?: string;
  readonly kind?: UpstreamErrorKind;
}

const messagePlaceholder = 'MESSAGE';

/** The first line of a recording of an upstream. */
export function formatHeader(upstream: Upstream): string {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const failure = textOf(upstream.failure(messagePlaceholder));
  const header: RecordingHeader = { recording: 'herd upstream 1', maxCount, maxRadiusKm, radiusBeyondMax, failure };
  return JSON.stringify(header);
}

/** An upstream of which every answer is noted as a line, and every failure: of the upstream itself, and of the way to it. */
export function withRecording({ upstream, http }: UpstreamBinding, writeLine: (line: string) => void): UpstreamBinding {
  const queries = new WeakMap<HttpRequest, NearbyQuery>();
  const recordFailure = (question: NearbyQuery, error: unknown) => {
    if (!(error instanceof UpstreamError)) return;
    writeLine(JSON.stringify({ ...queryFields(question), error: error.message, kind: error.kind }));
  };
  return {
    upstream: {
      ...upstream,
      request: (question) => {
        // A copy: an upstream may ask different questions by the same object.
        const request = { ...upstream.request(question) };
        queries.set(request, question);
        return request;
      },
      answer: (response, question) => {
        try {
          const json = upstream.answer(response, question);
          writeLine(JSON.stringify({ ...queryFields(question), json: textOf(json) }));
          return json;
        } catch (error) {
          recordFailure(question, error);
          throw error;
        }
      },
    },
    http: {
      fetch: async (request, signal) => {
        try {
          return await http.fetch(request, signal);
        } catch (error) {
          const question = queries.get(request);
          // What was given up ended for the reason for which it was given up.
          if (question !== undefined) recordFailure(question, signal.aborted ? signal.reason : error);
          throw error;
        }
      },
    },
  };
}

function queryFields({ latitude, longitude, radiusKm, count }: NearbyQuery): NearbyQuery {
  return { latitude, longitude, radiusKm, count };
}

/** A recording, read. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly answers: readonly RecordedAnswer[];
}

/**
 * Reads a recording.
 * @throws SyntaxError that says which line is not right
 */
export function parseRecording(text: string): Recording {
  const [first = '', ...rest] = text.split('\n');
  const header = parseLine(first, 1);
  if (!isHeader(header)) throw new SyntaxError('line 1: this is not the head of a recording; herd record writes them');
  const answers = rest.flatMap((line, index) => (line.trim() === '' ? [] : [parseAnswer(line, index + 2)]));
  return { header, answers };
}

/** The failure of a recorded upstream, with a message in its place. */
export function formatFailure({ failure }: RecordingHeader, message: string): ByteString {
  return bytesOf(failure.replace(messagePlaceholder, () => JSON.stringify(message).slice(1, -1)));
}

function parseAnswer(line: string, number: number): RecordedAnswer {
  const value = parseLine(line, number);
  if (!isAnswer(value)) throw new SyntaxError(`line ${number}: this is no question with its answer`);
  return value.json === undefined ? value : { ...value, json: bytesOf(value.json) };
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SyntaxError(`line ${number}: this is not JSON`);
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
