import { z } from 'zod';
import { defaultUpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import { integerBetween } from './number-settings.js';

/** Keys are sent over TLS only, except to this machine. */
function isSecure(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

const url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .regex(/^[^@?#]*$/, 'must be a URL without user, query and fragment (API keys are set with apiKeyEnv)');
const secureUrl = url.refine(isSecure, 'must begin with https://, since an API key is sent');

const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable, not the API key itself')
  .describe('Environment variable that holds the API key.');

const contactRule = 'must be an e-mail address or a URL without spaces (required by the Wikimedia user agent policy)';

/** Settings that all kinds have, with the defaults of the kind. */
const commonSettings = (defaults: {
  maxConcurrentRequests: number;
  requestsPerMinute?: number;
  requestsPerDay?: number;
  cacheTtlSeconds?: number;
}) => ({
  radiusBeyondMax: z
    .enum(['clamp', 'reject'])
    .optional()
    .describe(
      'A WHATSAT with a larger radius than the upstream supports: clamp reduces it and adds a warning to the response; reject makes it an invalid command. Default: clamp for Twitter formats, reject for Google Places formats.',
    ),
  deadlineMs: integerBetween(100, 5_000)
    .default(defaultUpstreamSettings.deadlineMs)
    .describe('Deadline for a response over all attempts, in milliseconds.'),
  maxConcurrentRequests: integerBetween(1, 256)
    .default(defaults.maxConcurrentRequests)
    .describe('Maximum concurrent requests of one server.'),
  maxQueued: integerBetween(0, 10_000)
    .default(defaultUpstreamSettings.maxQueued)
    .describe('Maximum queued queries. Further ones are answered with an error.'),
  maxAttempts: integerBetween(1, 10)
    .default(defaultUpstreamSettings.maxAttempts)
    .describe('Maximum attempts per query. Only transient and rate-limited failures are retried.'),
  cacheTtlSeconds: integerBetween(0, 86_400)
    .default(defaults.cacheTtlSeconds ?? defaultUpstreamSettings.cacheTtlMs / 1_000)
    .describe('Time to live of cached responses, in seconds; 0 disables the cache.'),
  maxCacheBytes: integerBetween(0, 1_073_741_824)
    .default(defaultUpstreamSettings.maxCacheBytes)
    .describe('Maximum size of the response cache, in bytes. Beyond it, the oldest response is evicted.'),
  budget: z
    .strictObject({
      requestsPerMinute: requestLimit(defaults.requestsPerMinute).describe(
        'Maximum requests of one server in any minute.',
      ),
      requestsPerDay: requestLimit(defaults.requestsPerDay).describe('Maximum requests of one server in any 24 hours.'),
      costPerDay: z
        .number()
        .min(0)
        .optional()
        .describe('Maximum cost of one server in any 24 hours, in the currency of costPerUnit.'),
      costPerUnit: z
        .number()
        .min(0)
        .default(0)
        .describe('Cost of one request; with kind x, cost of one requested post.'),
    })
    .refine(
      ({ costPerDay, costPerUnit }) => costPerDay === undefined || costPerUnit > 0,
      'costPerDay requires costPerUnit',
    )
    .prefault({})
    .describe('Budget of each server. Beyond it, queries are answered with an error.'),
});

function requestLimit(defaultLimit: number | undefined) {
  const requests = integerBetween(0, 1_000_000_000);
  return defaultLimit === undefined ? requests.optional() : requests.default(defaultLimit);
}

/** Schema of `upstream` in herd.yaml, by kind. See docs/guides/upstreams.md. */
export const upstreamSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('sample')
      .describe(
        'sample: a local HTTP service that is started with the herd and answers with sample data near real places.',
      ),
    format: z
      .enum(['twitter', 'places'])
      .default('twitter')
      .describe('Response format. twitter: Twitter Search API 1.0. places: Google Places Nearby Search (legacy).'),
    ...commonSettings({ maxConcurrentRequests: 32 }),
  }),
  z
    .strictObject({
      kind: z.literal('twitter').describe('twitter: a service that implements the Twitter Search API 1.0.'),
      url: url.describe('Base URL, before /search.json.'),
      apiKeyEnv: environmentVariable.optional(),
      ...commonSettings({ maxConcurrentRequests: 32 }),
    })
    .refine(({ url: address, apiKeyEnv }) => apiKeyEnv === undefined || isSecure(address), {
      path: ['url'],
      error: 'must begin with https://, since an API key is sent',
    }),
  z.strictObject({
    kind: z
      .literal('x')
      .describe('x: recent search of the X API v2, converted to the format of the Twitter Search API 1.0.'),
    url: secureUrl.default('https://api.x.com').describe('Base URL, before /2/tweets/search/recent.'),
    apiKeyEnv: environmentVariable.default('X_BEARER_TOKEN'),
    fieldsParameter: z
      .enum(['tweet.fields', 'post.fields'])
      .default('tweet.fields')
      .describe('Name of the query parameter that selects the fields of a post; X documents both.'),
    // X allows 450 requests in 15 minutes per app, and charges for each post.
    ...commonSettings({ maxConcurrentRequests: 8, requestsPerMinute: 30, requestsPerDay: 100 }),
  }),
  z.strictObject({
    kind: z
      .literal('google-places')
      .describe('google-places: Google Places Nearby Search (New), converted to the format of the legacy API.'),
    url: secureUrl.default('https://places.googleapis.com').describe('Base URL, before /v1/places:searchNearby.'),
    apiKeyEnv: environmentVariable.default('GOOGLE_PLACES_KEY'),
    ...commonSettings({ maxConcurrentRequests: 8, requestsPerMinute: 60, requestsPerDay: 150 }),
  }),
  z.strictObject({
    kind: z.literal('google-places-legacy').describe('google-places-legacy: Google Places Nearby Search (legacy).'),
    url: secureUrl
      .default('https://maps.googleapis.com')
      .describe('Base URL, before /maps/api/place/nearbysearch/json.'),
    apiKeyEnv: environmentVariable.default('GOOGLE_PLACES_KEY'),
    ...commonSettings({ maxConcurrentRequests: 8, requestsPerMinute: 60, requestsPerDay: 150 }),
  }),
  z.strictObject({
    kind: z
      .literal('wikipedia')
      .describe('wikipedia: nearby Wikipedia articles, converted to the format of Google Places.'),
    url: url.default('https://en.wikipedia.org').describe('Base URL of a language edition.'),
    contact: z
      .string(contactRule)
      .regex(/^[\x21-\x7e]{3,200}$/, contactRule)
      .describe('Contact address in the User-Agent header, required by the Wikimedia user agent policy.'),
    // Wikimedia asks for at most 3 concurrent requests.
    ...commonSettings({ maxConcurrentRequests: 3, requestsPerMinute: 120 }),
  }),
  z.strictObject({
    kind: z.literal('replay').describe('replay: responses recorded with herd start --record.'),
    file: z.string().min(1).describe('Recording, relative to the working directory.'),
    // Each query gets the next response recorded for it; a cached one would skip it.
    ...commonSettings({ maxConcurrentRequests: 32, cacheTtlSeconds: 0 }),
  }),
]);
