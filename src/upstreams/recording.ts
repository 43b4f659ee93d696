import { bytesOf, textOf, type ByteString } from '../protocol/text/bytes.js';
import { UpstreamError, type Trouble } from '../protocol/upstream/errors.js';
import type { HttpRequest, NearbyQuestion, RadiusBeyondMax, Upstream } from '../protocol/upstream/upstream.js';
import type { Asked } from './upstream-binding.js';
import { isObject } from './response.js';

/*
 * A recording is lines of JSON: a head that says what the upstream was like, and then a question and its answer each. What was
 * sent to the upstream is not in it, and so no key is. Text, so that a person can read it, cut it and write one.
 */

/** What stands in the first line. */
export interface RecordingHead {
  readonly recording: 'herd upstream 1';
  readonly countMax: number;
  readonly radiusKmMax: number;
  /** Left out in recordings of earlier versions, which clamped. */
  readonly radiusBeyondMax?: RadiusBeyondMax;
  /** The upstream's form of an error; `MESSAGE` stands where what went wrong stands. */
  readonly failure: string;
}

/** What stands in each line behind it. */
export interface RecordedAnswer extends NearbyQuestion {
  /** What the upstream answered; undefined if that was no answer. */
  readonly json?: ByteString;
  /** What was wrong with it. */
  readonly error?: string;
  readonly trouble?: Trouble;
}

const messageMark = 'MESSAGE';

/** The first line of a recording of an upstream. */
export function headLineOf(upstream: Upstream): string {
  const { countMax, radiusKmMax, radiusBeyondMax = 'clamp' } = upstream;
  const failure = textOf(upstream.failure(messageMark));
  const head: RecordingHead = { recording: 'herd upstream 1', countMax, radiusKmMax, radiusBeyondMax, failure };
  return JSON.stringify(head);
}

/** An upstream of which every answer is noted as a line, and every failure: of the upstream itself, and of the way to it. */
export function recorded({ upstream, http }: Asked, note: (line: string) => void): Asked {
  const questions = new WeakMap<HttpRequest, NearbyQuestion>();
  const noteFailure = (question: NearbyQuestion, error: unknown) => {
    if (!(error instanceof UpstreamError)) return;
    note(JSON.stringify({ ...placeOf(question), error: error.message, trouble: error.trouble }));
  };
  return {
    upstream: {
      ...upstream,
      request: (question) => {
        // A copy: an upstream may ask different questions by the same object.
        const request = { ...upstream.request(question) };
        questions.set(request, question);
        return request;
      },
      answer: (response, question) => {
        try {
          const json = upstream.answer(response, question);
          note(JSON.stringify({ ...placeOf(question), json: textOf(json) }));
          return json;
        } catch (error) {
          noteFailure(question, error);
          throw error;
        }
      },
    },
    http: {
      fetch: async (request, signal) => {
        try {
          return await http.fetch(request, signal);
        } catch (error) {
          const question = questions.get(request);
          // What was given up ended for the reason for which it was given up.
          if (question !== undefined) noteFailure(question, signal.aborted ? signal.reason : error);
          throw error;
        }
      },
    },
  };
}

function placeOf({ latitude, longitude, radiusKm, count }: NearbyQuestion): NearbyQuestion {
  return { latitude, longitude, radiusKm, count };
}

/** A recording, read. */
export interface Recording {
  readonly head: RecordingHead;
  readonly answers: readonly RecordedAnswer[];
}

/**
 * Reads a recording.
 * @throws SyntaxError that says which line is not right
 */
export function parseRecording(text: string): Recording {
  const [first = '', ...rest] = text.split('\n');
  const head = objectIn(first, 1);
  if (!isHead(head)) throw new SyntaxError('line 1: this is not the head of a recording; herd record writes them');
  const answers = rest.flatMap((line, index) => (line.trim() === '' ? [] : [answerIn(line, index + 2)]));
  return { head, answers };
}

/** The failure of a recorded upstream, with a message in its place. */
export function failureOf({ failure }: RecordingHead, message: string): ByteString {
  return bytesOf(failure.replace(messageMark, () => JSON.stringify(message).slice(1, -1)));
}

function answerIn(line: string, number: number): RecordedAnswer {
  const value = objectIn(line, number);
  if (!isAnswer(value)) throw new SyntaxError(`line ${number}: this is no question with its answer`);
  return value.json === undefined ? value : { ...value, json: bytesOf(value.json) };
}

function objectIn(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SyntaxError(`line ${number}: this is not JSON`);
  }
}

function isHead(value: unknown): value is RecordingHead {
  if (!isObject(value)) return false;
  const { recording, countMax, radiusKmMax, radiusBeyondMax = 'clamp', failure } = value;
  return (
    recording === 'herd upstream 1' &&
    Number.isSafeInteger(countMax) &&
    Number.isFinite(radiusKmMax) &&
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
