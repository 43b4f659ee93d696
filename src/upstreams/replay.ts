import { byteStringOf } from '../protocol/text/latin1.js';
import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuestion } from '../protocol/upstream/upstream.js';
import type { Asked } from './upstream-binding.js';
import { failureOf, type RecordedAnswer, type Recording } from './recording.js';

/**
 * Plays a recording back: a recorded upstream, and the web that it lives in; no connection is made. A question that was asked more than once is answered as it was, in that order, and in the end as the last
 * time for ever; one that was not asked when it was recorded is answered with an error.
 */
export function replay({ head, answers }: Recording): Asked {
  const tracks = new Map<string, RecordedAnswer[]>();
  for (const answer of answers) {
    const address = addressOf(answer);
    tracks.set(address, [...(tracks.get(address) ?? []), answer]);
  }
  return {
    upstream: {
      countMax: head.countMax,
      radiusKmMax: head.radiusKmMax,
      radiusBeyondMax: head.radiusBeyondMax ?? 'clamp',
      request: (question) => ({ method: 'GET', url: addressOf(question), headers: {} }),
      answer: ({ status, body }) => {
        if (status === 200) return byteStringOf(body);
        const { error, trouble } = JSON.parse(textOf(byteStringOf(body))) as RecordedAnswer;
        throw new UpstreamError(error ?? '', trouble);
      },
      failure: (message) => failureOf(head, message),
    },
    http: {
      fetch: ({ url }) => {
        const track = tracks.get(url) ?? [];
        const answer = track.length > 1 ? track.shift() : track[0];
        return Promise.resolve(responseOf(answer ?? unknown));
      },
    },
  };
}

const unknown = {
  error: 'Nothing was recorded for this place, radius and count.',
  trouble: 'question',
} as const;

function responseOf({ json, error, trouble }: Pick<RecordedAnswer, 'json' | 'error' | 'trouble'>): HttpResponse {
  return json === undefined
    ? { status: 502, body: Buffer.from(JSON.stringify({ error, trouble })) }
    : { status: 200, body: Buffer.from(json, 'latin1') };
}

function addressOf({ latitude, longitude, radiusKm, count }: NearbyQuestion): string {
  return `replay:${latitude},${longitude},${radiusKm},${count}`;
}
