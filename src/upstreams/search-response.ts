import { bytesOf, type ByteString } from '../protocol/text/bytes.js';
import { formatJsonObject } from './text.js';

/** Contents of an answer in the format of the Twitter Search API v1.0. */
export interface SearchResponse {
  /** Posts, each as JSON. */
  readonly results: readonly string[];
  /** ID of the newest post, in digits; `0` if there is none. */
  readonly maxId: string;
  /** `latitude,longitude,radius` as queried. */
  readonly geocode: string;
  /** Whether there are more results. */
  readonly hasMore: boolean;
  readonly resultsPerPage: number;
  readonly completedInSeconds: number;
  readonly warning: string | undefined;
}

/** Formats an answer like the Twitter Search API v1.0, in its order of fields of 2011. IDs have 64 bits, so they are written as digits. */
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

/** Formats an error like the Twitter Search API v1.0. */
export function searchError(message: string): ByteString {
  return bytesOf(JSON.stringify({ error: message }));
}
