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
 * @param note what there is to say about the question; it goes where that API says such things
 */
export function placesAnswer(
  attributions: readonly string[],
  results: readonly PlaceResult[],
  note: string | undefined,
): ByteString {
  return bytesOf(
    JSON.stringify({
      html_attributions: attributions,
      ...(note === undefined ? {} : { info_messages: [note] }),
      results,
      status: results.length > 0 ? 'OK' : 'ZERO_RESULTS',
    }),
  );
}

/** The same API's form of an error. */
export function placesFailure(message: string): ByteString {
  return bytesOf(
    JSON.stringify({ html_attributions: [], results: [], status: 'UNKNOWN_ERROR', error_message: message }),
  );
}
