import type { Place } from './gazetteer.js';
import { escapeHtml, formatJsonObject, type JsonFields } from '../text.js';

/** Fictional post at a real place. It depends only on the place, so every query finds the same one. */
export interface SamplePost {
  readonly id: bigint;
  readonly place: Place;
  /** Unix time in milliseconds. */
  readonly postedMs: number;
  readonly sentence: string;
}

/** The 100 places of a search together have 1,500 posts, the API's maximum. */
const postsPerPlace = 15;

/** IDs have the milliseconds since this time above their 22 lowest bits, like Twitter's since November 2010. */
const idEpochMs = 1_288_834_974_657n;
const idLowBits = 22;

/** Posts date from the week before this time: the service searched about a week. */
const newestMs = Date.UTC(2012, 10, 17);
const weekMs = 7 * 24 * 60 * 60 * 1000;

/** In the range of the user IDs of 2012; the place's number is added. */
const firstUserId = 900_000_000;

const sentences = [
  'clear skies this morning.',
  'rain since breakfast, and no umbrella.',
  'the market is crowded today.',
  'waiting for the bus, as ever.',
  'best tea in town is by the station.',
  'the road to the bridge is closed until noon.',
  'music in the square tonight.',
  'what a sunset.',
  'the queue at the bakery reaches the corner.',
  'fog so thick that the hills are gone.',
  'somebody found a set of keys near the school.',
  'lights are back on in our street.',
] as const;

/** Generates the posts of a place. */
export function samplePosts(place: Place): SamplePost[] {
  return Array.from({ length: postsPerPlace }, (_, post) => createPost(place, post));
}

/** Formats a post like the Search API v1.0 in 2011, with its order of fields. */
export function formatPost({ id, place, postedMs, sentence }: SamplePost): string {
  const userId = String(firstUserId + place.number);
  const country = place.region.country;
  const fields: JsonFields = {
    from_user_id_str: JSON.stringify(userId),
    profile_image_url: JSON.stringify('http://a0.twimg.com/sticky/default_profile_images/default_profile_6_normal.png'),
    created_at: JSON.stringify(new Date(postedMs).toUTCString().replace('GMT', '+0000')),
    from_user: JSON.stringify(`sample_${place.number}`),
    from_user_name: JSON.stringify(`Sample of ${place.name}`),
    location: JSON.stringify(`${place.name}, ${country}`),
    id_str: JSON.stringify(String(id)),
    metadata: JSON.stringify({ result_type: 'recent' }),
    to_user_id: 'null',
    text: JSON.stringify(`Sample post from ${formatAddress(place)}: ${sentence}`),
    // JSON.stringify cannot write a 64-bit number.
    id: String(id),
    from_user_id: userId,
    geo: JSON.stringify({ type: 'Point', coordinates: [place.latitude, place.longitude] }),
    iso_language_code: JSON.stringify('en'),
    to_user_id_str: 'null',
    // The service escaped the client's link for HTML.
    source: JSON.stringify(escapeHtml('<a href="https://www.geonames.org/">Herd sample, places by GeoNames</a>')),
  };
  return formatJsonObject(fields);
}

/** Formats name, region and country of a place, without missing and repeated parts. */
export function formatAddress({ name, region }: Place): string {
  return [...new Set([name, region.name ?? name, region.country])].join(', ');
}

function createPost(place: Place, post: number): SamplePost {
  const number = place.number * postsPerPlace + post;
  const postedMs = newestMs - (mixBits(number) % weekMs);
  const lowBits = BigInt.asUintN(idLowBits, BigInt(number));
  return {
    id: ((BigInt(postedMs) - idEpochMs) << BigInt(idLowBits)) | lowBits,
    place,
    postedMs,
    sentence: sentences[mixBits(~number) % sentences.length] ?? sentences[0],
  };
}

/** Maps a number to a pseudo-random one from 0 to 2^32 - 1: the finalizer of MurmurHash3. */
function mixBits(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
