import { z } from 'zod';
import { defaultUpstreamPace } from '../../actors/upstream/upstream-settings.js';

const whole = (least: number, most: number) => z.int().min(least).max(most);

/** A key must not be sent in the clear, but to this machine. */
function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

const url = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://' })
  .regex(/^[^@?#]*$/, 'must be an address without a user, a query or a fragment: a key stands in no file');
const safeUrl = url.refine(isSafe, 'must begin with https://: a key is sent there');

const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable, not the key itself')
  .describe('The environment variable that holds the key. A key stands in no file.');

const contactWanted =
  'must be an e-mail address or the address of a page, without spaces: Wikimedia wants to know who asks';

/** Where it stands that upstreams of all kinds are asked in the same way. */
const pace = (least: {
  requestsMax: number;
  requestsPerMinute?: number;
  requestsPerDay?: number;
  cacheSeconds?: number;
}) => ({
  radiusBeyondMax: z
    .enum(['clamp', 'reject'])
    .optional()
    .describe(
      'What becomes of a WHATSAT with a larger radius than the upstream takes. clamp: it is cut to the largest, and the answer says so. reject: it is an invalid line. Left out: clamp in the form of the Twitter search, reject in the form of Google Places.',
    ),
  deadlineMs: whole(100, 5_000)
    .default(defaultUpstreamPace.deadlineMs)
    .describe('Milliseconds from a WHATSAT to its answer, over all attempts.'),
  requestsMax: whole(1, 256).default(least.requestsMax).describe('Requests of a server under way at once.'),
  queueMax: whole(0, 10_000)
    .default(defaultUpstreamPace.queueMax)
    .describe('Questions that wait for their turn; one more is answered with an error.'),
  attemptsMax: whole(1, 10)
    .default(defaultUpstreamPace.attemptsMax)
    .describe('How often a question is asked at most, where asking again can help.'),
  cacheSeconds: whole(0, 86_400)
    .default(least.cacheSeconds ?? defaultUpstreamPace.cacheMs / 1_000)
    .describe('How long an answer is given to the same question again; 0 for not at all.'),
  cacheBytesMax: whole(0, 1_073_741_824)
    .default(defaultUpstreamPace.cacheBytesMax)
    .describe('Bytes of answers that are kept; beyond it the oldest is forgotten.'),
  budget: z
    .strictObject({
      requestsPerMinute: limit(least.requestsPerMinute).describe('Requests of a server in any minute.'),
      requestsPerDay: limit(least.requestsPerDay).describe('Requests of a server in any 24 hours.'),
      costPerDay: z
        .number()
        .min(0)
        .optional()
        .describe('What a server may spend in any 24 hours, in the currency of unitCost.'),
      unitCost: z
        .number()
        .min(0)
        .default(0)
        .describe('What one request costs; with x, what one post costs that may be returned.'),
    })
    .refine(({ costPerDay, unitCost }) => costPerDay === undefined || unitCost > 0, 'costPerDay needs a unitCost')
    .prefault({})
    .describe('What a server may spend. Beyond it WHATSAT is answered with an error.'),
});

function limit(most: number | undefined) {
  const requests = whole(0, 1_000_000_000);
  return most === undefined ? requests.optional() : requests.default(most);
}

/** What `upstream` in herd.yaml may say, by kind. docs/upstreams.md explains each. */
export const upstreamSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('sample')
      .describe('sample: an HTTP service started with the herd, with sample posts near real places.'),
    shape: z
      .enum(['twitter', 'places'])
      .default('twitter')
      .describe('twitter: the Twitter Search API 1.0. places: the Nearby Search of Google Places (legacy).'),
    ...pace({ requestsMax: 32 }),
  }),
  z
    .strictObject({
      kind: z.literal('twitter').describe('twitter: a service that speaks the Twitter Search API 1.0.'),
      url: url.describe('What stands before /search.json.'),
      keyFrom: variable.optional(),
      ...pace({ requestsMax: 32 }),
    })
    .refine(({ url: address, keyFrom }) => keyFrom === undefined || isSafe(address), {
      path: ['url'],
      error: 'must begin with https://: a key is sent there',
    }),
  z.strictObject({
    kind: z.literal('x').describe('x: the recent search of the X API v2, in the form of the Twitter Search API 1.0.'),
    url: safeUrl.default('https://api.x.com').describe('What stands before /2/tweets/search/recent.'),
    keyFrom: variable.default('X_BEARER_TOKEN'),
    fieldsParameter: z
      .enum(['tweet.fields', 'post.fields'])
      .default('tweet.fields')
      .describe("The parameter that names a post's fields: X documents both."),
    // X allows 450 in 15 minutes for all servers of an app together, and each post is paid for.
    ...pace({ requestsMax: 8, requestsPerMinute: 30, requestsPerDay: 100 }),
  }),
  z.strictObject({
    kind: z.literal('google-places').describe('google-places: Nearby Search (New), in the form of the legacy one.'),
    url: safeUrl.default('https://places.googleapis.com').describe('What stands before /v1/places:searchNearby.'),
    keyFrom: variable.default('GOOGLE_PLACES_KEY'),
    ...pace({ requestsMax: 8, requestsPerMinute: 60, requestsPerDay: 150 }),
  }),
  z.strictObject({
    kind: z.literal('google-places-legacy').describe('google-places-legacy: Nearby Search (legacy).'),
    url: safeUrl
      .default('https://maps.googleapis.com')
      .describe('What stands before /maps/api/place/nearbysearch/json.'),
    keyFrom: variable.default('GOOGLE_PLACES_KEY'),
    ...pace({ requestsMax: 8, requestsPerMinute: 60, requestsPerDay: 150 }),
  }),
  z.strictObject({
    kind: z.literal('wikipedia').describe('wikipedia: articles about what is near, in the form of Google Places.'),
    url: url.default('https://en.wikipedia.org').describe('The Wikipedia of a language.'),
    contact: z
      .string(contactWanted)
      .regex(/^[\x21-\x7e]{3,200}$/, contactWanted)
      .describe('How Wikimedia can reach you: its user agent policy demands it.'),
    // Wikimedia asks for no more than 3 at once.
    ...pace({ requestsMax: 3, requestsPerMinute: 120 }),
  }),
  z.strictObject({
    kind: z.literal('replay').describe('replay: the answers that herd record has noted.'),
    file: z.string().min(1).describe('The file that was recorded, from the folder that herd is started in.'),
    // Each question has the next of the answers that were recorded for it; one from memory would keep it from that.
    ...pace({ requestsMax: 32, cacheSeconds: 0 }),
  }),
]);
