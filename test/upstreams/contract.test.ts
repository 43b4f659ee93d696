import { validateUpstream } from '../../src/library/custom-upstream.js';
import { googlePlacesLegacy } from '../../src/upstreams/google-places-legacy.js';
import { googlePlaces } from '../../src/upstreams/google-places.js';
import { Secret } from '../../src/upstreams/secret.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';
import { wikipediaNearby } from '../../src/upstreams/wikipedia.js';
import { xSearch } from '../../src/upstreams/x.js';
import { describeUpstream } from './contract.js';
import { museumService, museumsNearby } from './museums.js';
import {
  googlePlacesLegacyService,
  googlePlacesService,
  twitterService,
  wikipediaService,
  xService,
} from './services.js';

const json = (status: number, body: object, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: JSON.stringify(body),
});

/** A second of Unix time that is a while ahead: the end of a window of 15 minutes. */
const windowEnd = () => String(Math.floor(Date.now() / 1_000) + 600);

describeUpstream({
  name: 'twitter',
  format: 'twitter',
  create: (url) => twitterSearch(url),
  keyLocation: undefined,
  service: twitterService,
  errors: [
    {
      what: 'a question that it does not take, at HTTP 200',
      reply: json(200, { error: 'Sorry, your query is too complex. Please reduce complexity and try again.' }),
      errorPattern: /^Sorry, your query is too complex/,
      requestCount: 1,
    },
    {
      what: 'HTTP 403',
      reply: json(403, { error: 'You must enter a query.' }),
      errorPattern: /denied access \(HTTP 403\)/,
      requestCount: 1,
    },
    {
      what: 'HTTP 420 and a time that is too long',
      reply: json(420, { error: 'You have been rate limited.' }, { 'retry-after': '120' }),
      errorPattern: /too many requests \(HTTP 420\)/,
      requestCount: 1,
    },
    {
      what: 'HTTP 502',
      reply: { status: 502, body: 'Bad gateway' },
      errorPattern: /failed \(HTTP 502\)/,
      requestCount: 3,
    },
  ],
});

describeUpstream({
  name: 'twitter with a key',
  format: 'twitter',
  create: (url, key) => twitterSearch(url, new Secret(key)),
  keyLocation: 'a header',
  service: (request) =>
    request.headers.authorization === 'Bearer another-key-0123456789'
      ? json(401, { error: 'Could not authenticate you.' })
      : twitterService(request),
  errors: [],
});

describeUpstream({
  name: 'x',
  format: 'twitter',
  create: (baseUrl, key) => xSearch({ baseUrl, key: new Secret(key), fieldsParameter: 'tweet.fields' }),
  keyLocation: 'a header',
  service: xService,
  errors: [
    {
      what: 'an operator that its tier has not',
      reply: json(400, {
        errors: [{ parameters: { query: [''] }, message: "Reference to invalid operator 'point_radius'." }],
        title: 'Invalid Request',
        detail: 'One or more parameters to your request was invalid.',
        type: 'https://api.x.com/2/problems/invalid-request',
      }),
      errorPattern:
        /rejected the query as invalid \(HTTP 400\): Invalid Request: Reference to invalid operator 'point_radius'/,
      requestCount: 1,
    },
    {
      what: 'nothing but errors at HTTP 200',
      reply: json(200, { errors: [{ title: 'Not Found Error', detail: 'Could not find it.' }] }),
      errorPattern: /answered with an error: Could not find it/,
      requestCount: 1,
    },
    {
      what: 'errors, and a count of no posts, at HTTP 200',
      reply: json(200, { errors: [{ title: 'Invalid Request', detail: 'No such place.' }], meta: { result_count: 0 } }),
      errorPattern: /answered with an error: No such place/,
      requestCount: 1,
    },
    {
      what: 'HTTP 429 and the end of its window',
      reply: json(
        429,
        { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 },
        { 'x-rate-limit-limit': '450', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': windowEnd() },
      ),
      errorPattern: /too many requests \(HTTP 429\): Too Many Requests$/,
      requestCount: 1,
    },
    {
      what: 'a monthly cap that is reached',
      reply: json(429, {
        title: 'UsageCapExceeded',
        detail: 'Usage cap exceeded: Monthly product cap',
        period: 'Monthly',
      }),
      errorPattern: /UsageCapExceeded: Usage cap exceeded/,
      requestCount: 1,
    },
    {
      what: 'a client that may not',
      reply: json(403, {
        title: 'Client Forbidden',
        reason: 'client-not-enrolled',
        detail: 'Attach your app to a project.',
      }),
      errorPattern: /denied access \(HTTP 403\): Client Forbidden: Attach your app/,
      requestCount: 1,
    },
    {
      what: 'HTTP 503',
      reply: json(503, { title: 'Service Unavailable', detail: 'Service Unavailable', status: 503 }),
      errorPattern: /failed \(HTTP 503\)/,
      requestCount: 3,
    },
  ],
});

const googleError = (code: number, status: string, message = 'in words') =>
  json(code, { error: { code, message, status, details: [] } });

describeUpstream({
  name: 'google-places',
  format: 'places',
  create: (url, key) => googlePlaces(url, new Secret(key)),
  keyLocation: 'a header',
  service: googlePlacesService,
  errors: [
    {
      what: 'INVALID_ARGUMENT',
      reply: googleError(400, 'INVALID_ARGUMENT'),
      errorPattern: /rejected the query as invalid \(HTTP 400\): INVALID_ARGUMENT: in words/,
      requestCount: 1,
    },
    {
      what: 'PERMISSION_DENIED',
      reply: googleError(
        403,
        'PERMISSION_DENIED',
        'Enable it by visiting https://console.example/?project=1 then retry.',
      ),
      errorPattern: /\(HTTP 403\): PERMISSION_DENIED: Enable it by visiting \[address\] then retry\.$/,
      requestCount: 1,
    },
    {
      what: 'RESOURCE_EXHAUSTED',
      reply: googleError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.'),
      errorPattern: /too many requests \(HTTP 429\): RESOURCE_EXHAUSTED/,
      requestCount: 1,
    },
    {
      what: 'INTERNAL',
      reply: googleError(500, 'INTERNAL'),
      errorPattern: /failed \(HTTP 500\): INTERNAL/,
      requestCount: 3,
    },
    {
      what: 'UNAVAILABLE',
      reply: googleError(503, 'UNAVAILABLE'),
      errorPattern: /HTTP 503\): UNAVAILABLE/,
      requestCount: 3,
    },
    {
      what: 'an error at HTTP 200',
      reply: googleError(200, 'INTERNAL'),
      errorPattern: /answered with an error: INTERNAL: in words/,
      requestCount: 1,
    },
  ],
});

const legacyStatus = (status: string, message?: string) =>
  json(200, {
    html_attributions: [],
    results: [],
    status,
    ...(message === undefined ? {} : { error_message: message }),
  });

describeUpstream({
  name: 'google-places-legacy',
  format: 'places',
  create: (url, key) => googlePlacesLegacy(url, new Secret(key)),
  keyLocation: 'the address',
  service: googlePlacesLegacyService,
  errors: [
    {
      what: 'INVALID_REQUEST',
      reply: legacyStatus('INVALID_REQUEST'),
      errorPattern: /status INVALID_REQUEST\.$/,
      requestCount: 1,
    },
    {
      what: 'REQUEST_DENIED',
      reply: legacyStatus('REQUEST_DENIED', 'This API project is not authorized.'),
      errorPattern: /REQUEST_DENIED: This API project is not authorized\.$/,
      requestCount: 1,
    },
    {
      what: 'OVER_QUERY_LIMIT',
      reply: legacyStatus('OVER_QUERY_LIMIT', 'You have exceeded your daily request quota for this API.'),
      errorPattern: /OVER_QUERY_LIMIT: You have exceeded/,
      requestCount: 1,
    },
    {
      what: 'UNKNOWN_ERROR',
      reply: legacyStatus('UNKNOWN_ERROR'),
      errorPattern: /status UNKNOWN_ERROR/,
      requestCount: 3,
    },
    {
      what: 'a status that nobody knows',
      reply: legacyStatus('constructor'),
      errorPattern: /without a known status/,
      requestCount: 1,
    },
  ],
});

const wikipediaError = (code: string, info: string, headers = {}) =>
  json(200, { error: { code, info, docref: 'See https://en.wikipedia.org/w/api.php for API usage.' } }, headers);

describeUpstream({
  name: 'wikipedia',
  format: 'places',
  create: (url) => wikipediaNearby(url, 'Herd/0.0.0 (test@example.org) got/14'),
  keyLocation: undefined,
  service: wikipediaService,
  errors: [
    {
      what: 'a question that it does not take',
      reply: wikipediaError('badinteger', 'gsradius must be between 10 and 10,000.'),
      errorPattern: /error badinteger: gsradius must be/,
      requestCount: 1,
    },
    {
      what: 'replicas that lag behind',
      reply: wikipediaError('maxlag', 'Waiting for 10.64.32.1: 6 seconds lagged.', { 'retry-after': '5' }),
      errorPattern: /error maxlag: Waiting/,
      requestCount: 1,
    },
    {
      what: 'too many requests, at HTTP 200',
      reply: wikipediaError('ratelimited', "You've exceeded your rate limit."),
      errorPattern: /error ratelimited/,
      requestCount: 1,
    },
    {
      what: 'too many requests, at HTTP 429',
      reply: { status: 429, headers: { 'retry-after': '30' }, body: 'You are making too many requests' },
      errorPattern: /too many requests \(HTTP 429\)/,
      requestCount: 1,
    },
    {
      what: 'an exception of its own',
      reply: wikipediaError('internal_api_error_DBQueryError', 'Caught exception of type DBQueryError'),
      errorPattern: /internal_api_error_DBQueryError/,
      requestCount: 3,
    },
    {
      what: 'HTTP 403 for a client that is not named',
      reply: { status: 403, body: 'Please set a user-agent' },
      errorPattern: /denied access \(HTTP 403\)/,
      requestCount: 1,
    },
    {
      what: 'no list',
      reply: json(200, { batchcomplete: true }),
      errorPattern: /without a list of articles/,
      requestCount: 1,
    },
  ],
});

describeUpstream({
  name: 'of a program that embeds a herd',
  format: 'places',
  create: (url, key) => validateUpstream(museumsNearby(url, key)),
  keyLocation: 'a header',
  service: museumService,
  errors: [{ what: 'no list', reply: json(200, {}), errorPattern: /without a list of museums/, requestCount: 1 }],
});
