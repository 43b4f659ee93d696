import { bytesOf, type ByteString } from '../protocol/text/bytes.js';

/** A place, as the Nearby Search of Google Places (legacy) writes it, in its order of fields. */
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
 * An answer in the envelope of Google's legacy Nearby Search, which clients of places read.
 * @param warning what there is to say about the question; it goes where that API says such things
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

/** The same API's form of an error. */
export function placesError(message: string): ByteString {
  return bytesOf(
    JSON.stringify({ html_attributions: [], results: [], status: 'UNKNOWN_ERROR', error_message: message }),
  );
}
