import { bytesOf, type ByteString } from '../protocol/text/bytes.js';
import { formatJsonObject } from './json-object.js';

/** What an answer in the envelope of the Twitter Search API v1.0 is made of. */
export interface SearchResponse {
  /** The posts, each as JSON. */
  readonly results: readonly string[];
  /** The newest post's id, in digits; `0` if there is none. */
  readonly maxId: string;
  /** `latitude,longitude,radius` as it was asked. */
  readonly geocode: string;
  /** Whether there is more than this. */
  readonly hasMore: boolean;
  readonly resultsPerPage: number;
  readonly completedInSeconds: number;
  readonly warning: string | undefined;
}

/** That envelope, in its order of fields of 2011. Ids are written as digits: a number of 64 bits is no double. */
export function searchResponse(response: SearchResponse): ByteString {
  const { results, maxId, hasMore, resultsPerPage, completedInSeconds, warning } = response;
  const geocode = encodeURIComponent(response.geocode);
  const nextPage = `?page=2&max_id=${maxId}&rpp=${resultsPerPage}&geocode=${geocode}&q=`;
  return bytesOf(
    formatJsonObject({
      results: `[${results.join(',')}]`,
      max_id: maxId,
      since_id: '0',
      refresh_url: JSON.stringify(`?since_id=${maxId}&geocode=${geocode}&q=`),
      ...(hasMore ? { next_page: JSON.stringify(nextPage) } : {}),
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
export function searchError(message: string): ByteString {
  return bytesOf(JSON.stringify({ error: message }));
}
