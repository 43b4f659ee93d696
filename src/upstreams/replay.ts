import { byteStringOf } from '../protocol/text/latin1.js';
import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuery } from '../protocol/upstream/upstream.js';
import type { UpstreamBinding } from './upstream-binding.js';
import { formatFailure, type RecordedAnswer, type Recording } from './recording.js';

/**
 * Creates an upstream that answers from a recording, without network access. Repeated queries get the recorded answers in order,
 * and then the last one indefinitely. Queries that were not recorded get an error.
 */
export function replay({ header, answers }: Recording): UpstreamBinding {
  const answersByQuery = new Map<string, RecordedAnswer[]>();
  for (const answer of answers) {
    const address = queryUrl(answer);
    answersByQuery.set(address, [...(answersByQuery.get(address) ?? []), answer]);
  }
  return {
    upstream: {
      maxCount: header.maxCount,
      maxRadiusKm: header.maxRadiusKm,
      radiusBeyondMax: header.radiusBeyondMax ?? 'clamp',
      request: (query) => ({ method: 'GET', url: queryUrl(query), headers: {} }),
      answer: ({ status, body }) => {
        if (status === 200) return byteStringOf(body);
        const { error, kind } = JSON.parse(textOf(byteStringOf(body))) as RecordedAnswer;
        throw new UpstreamError(error ?? '', kind);
      },
      failure: (message) => formatFailure(header, message),
    },
    http: {
      fetch: ({ url }) => {
        const remainingAnswers = answersByQuery.get(url) ?? [];
        const answer = remainingAnswers.length > 1 ? remainingAnswers.shift() : remainingAnswers[0];
        return Promise.resolve(toHttpResponse(answer ?? notRecorded));
      },
    },
  };
}

const notRecorded = {
  error: 'Nothing was recorded for this place, radius and count.',
  kind: 'invalid-request',
} as const;

function toHttpResponse({ json, error, kind }: Pick<RecordedAnswer, 'json' | 'error' | 'kind'>): HttpResponse {
  return json === undefined
    ? { status: 502, body: Buffer.from(JSON.stringify({ error, kind })) }
    : { status: 200, body: Buffer.from(json, 'latin1') };
}

function queryUrl({ latitude, longitude, radiusKm, count }: NearbyQuery): string {
  return `replay:${latitude},${longitude},${radiusKm},${count}`;
}
