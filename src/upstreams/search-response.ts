import { bytesOf, type ByteString } from '../protocol/text/bytes.js';
import { jsonObject } from './json-object.js';

/** What an answer in the envelope of the Twitter Search API v1.0 is made of. */
export interface SearchAnswer {
  /** The posts, each as JSON. */
  readonly results: readonly string[];
  /** The newest post's id, in digits; `0` if there is none. */
  readonly maxId: string;
  /** `latitude,longitude,radius` as it was asked. */
  readonly geocode: string;
  /** Whether there is more than this. */
  readonly more: boolean;
  readonly resultsPerPage: number;
  readonly completedInSeconds: number;
  readonly warning: string | undefined;
}

/** That envelope, in its order of fields of 2011. Ids are written as digits: a number of 64 bits is no double. */
export function searchAnswer(answer: SearchAnswer): ByteString {
  const { results, maxId, more, resultsPerPage, completedInSeconds, warning } = answer;
  const geocode = encodeURIComponent(answer.geocode);
  const nextPage = `?page=2&max_id=${maxId}&rpp=${resultsPerPage}&geocode=${geocode}&q=`;
  return bytesOf(
    jsonObject({
      results: `[${results.join(',')}]`,
      max_id: maxId,
      since_id: '0',
      refresh_url: JSON.stringify(`?since_id=${maxId}&geocode=${geocode}&q=`),
      ...(more ? { next_page: JSON.stringify(nextPage) } : {}),
      results_per_page: String(resultsPerPage),
      page: '1',
      completed_in: String(Math.round(completedInSeconds * 1_000) / 1_000),
      ...(warning === undefined ? {} : { warning: JSON.stringify(warning) }),
      since_id_str: JSON.stringify('0'),
      max_id_str: JSON.stringify(maxId),
      query: JSON.stringify(''),
    }),
  );
}

/** The same API's form of an error. */
export function searchFailure(message: string): ByteString {
  return bytesOf(JSON.stringify({ error: message }));
}
