import { bytesOf, type ByteString } from '../protocol/text/bytes.js';

/** Place in the format of the legacy Nearby Search of Google Places, with its order of fields. */
export interface PlaceResult {
  readonly business_status?: string | undefined;
  readonly geometry: { readonly location: { readonly lat: number; readonly lng: number } };
  readonly name: string;
  readonly place_id: string;
  readonly types: readonly string[];
  readonly url?: string | undefined;
  readonly vicinity?: string | undefined;
}

/**
 * Formats an answer like the legacy Nearby Search of Google Places.
 * @param attributions HTML lines that name the sources of the results
 * @param warning note about the query, written to `info_messages`; undefined for none
 */
export function placesResponse(
  attributions: readonly string[],
  results: readonly PlaceResult[],
  warning: string | undefined,
): ByteString {
  return bytesOf(
    JSON.stringify({
      html_attributions: attributions,
      ...(warning === undefined ? {} : { info_messages: [warning] }),
      results,
      status: results.length > 0 ? 'OK' : 'ZERO_RESULTS',
    }),
  );
}

/** Formats an error like the legacy Nearby Search of Google Places. */
export function placesError(message: string): ByteString {
  return bytesOf(
    JSON.stringify({ html_attributions: [], results: [], status: 'UNKNOWN_ERROR', error_message: message }),
  );
}
