import { ownUpstream } from '../../src/library/custom-upstream.js';
import { googlePlacesLegacy } from '../../src/upstreams/google-places-legacy.js';
import { googlePlaces } from '../../src/upstreams/google-places.js';
import { Secret } from '../../src/upstreams/secret.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';
import { wikipediaNearby } from '../../src/upstreams/wikipedia.js';
import { xSearch } from '../../src/upstreams/x.js';
import { upstreamContract } from './contract.js';
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

upstreamContract({
  name: 'twitter',
  form: 'twitter',
  make: (url) => twitterSearch(url),
  keyIn: undefined,
  service: twitterService,
  errors: [
    {
      what: 'a question that it does not take, at HTTP 200',
      reply: json(200, { error: 'Sorry, your query is too complex. Please reduce complexity and try again.' }),
      hears: /^Sorry, your query is too complex/,
      asked: 1,
    },
    {
      what: 'HTTP 403',
      reply: json(403, { error: 'You must enter a query.' }),
      hears: /refused the request \(HTTP 403\)/,
      asked: 1,
    },
    {
      what: 'HTTP 420 and a time that is too long',
      reply: json(420, { error: 'You have been rate limited.' }, { 'retry-after': '120' }),
      hears: /asked too often \(HTTP 420\)/,
      asked: 1,
    },
    { what: 'HTTP 502', reply: { status: 502, body: 'Bad gateway' }, hears: /in trouble \(HTTP 502\)/, asked: 3 },
  ],
});

upstreamContract({
  name: 'twitter with a key',
  form: 'twitter',
  make: (url, key) => twitterSearch(url, new Secret(key)),
  keyIn: 'a header',
  service: (request) =>
    request.headers.authorization === 'Bearer another-key-0123456789'
      ? json(401, { error: 'Could not authenticate you.' })
      : twitterService(request),
  errors: [],
});

upstreamContract({
  name: 'x',
  form: 'twitter',
  make: (baseUrl, key) => xSearch({ baseUrl, key: new Secret(key), fieldsParameter: 'tweet.fields' }),
  keyIn: 'a header',
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
      hears: /does not take the question \(HTTP 400\): Invalid Request: Reference to invalid operator 'point_radius'/,
      asked: 1,
    },
    {
      what: 'nothing but errors at HTTP 200',
      reply: json(200, { errors: [{ title: 'Not Found Error', detail: 'Could not find it.' }] }),
      hears: /answered with an error: Could not find it/,
      asked: 1,
    },
    {
      what: 'errors, and a count of no posts, at HTTP 200',
      reply: json(200, { errors: [{ title: 'Invalid Request', detail: 'No such place.' }], meta: { result_count: 0 } }),
      hears: /answered with an error: No such place/,
      asked: 1,
    },
    {
      what: 'HTTP 429 and the end of its window',
      reply: json(
        429,
        { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 },
        { 'x-rate-limit-limit': '450', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': windowEnd() },
      ),
      hears: /asked too often \(HTTP 429\): Too Many Requests$/,
      asked: 1,
    },
    {
      what: 'a monthly cap that is reached',
      reply: json(429, {
        title: 'UsageCapExceeded',
        detail: 'Usage cap exceeded: Monthly product cap',
        period: 'Monthly',
      }),
      hears: /UsageCapExceeded: Usage cap exceeded/,
      asked: 1,
    },
    {
      what: 'a client that may not',
      reply: json(403, {
        title: 'Client Forbidden',
        reason: 'client-not-enrolled',
        detail: 'Attach your app to a project.',
      }),
      hears: /refused the request \(HTTP 403\): Client Forbidden: Attach your app/,
      asked: 1,
    },
    {
      what: 'HTTP 503',
      reply: json(503, { title: 'Service Unavailable', detail: 'Service Unavailable', status: 503 }),
      hears: /in trouble \(HTTP 503\)/,
      asked: 3,
    },
  ],
});

const googleError = (code: number, status: string, message = 'in words') =>
  json(code, { error: { code, message, status, details: [] } });

upstreamContract({
  name: 'google-places',
  form: 'places',
  make: (url, key) => googlePlaces(url, new Secret(key)),
  keyIn: 'a header',
  service: googlePlacesService,
  errors: [
    {
      what: 'INVALID_ARGUMENT',
      reply: googleError(400, 'INVALID_ARGUMENT'),
      hears: /does not take the question \(HTTP 400\): INVALID_ARGUMENT: in words/,
      asked: 1,
    },
    {
      what: 'PERMISSION_DENIED',
      reply: googleError(
        403,
        'PERMISSION_DENIED',
        'Enable it by visiting https://console.example/?project=1 then retry.',
      ),
      hears: /\(HTTP 403\): PERMISSION_DENIED: Enable it by visiting \[address\] then retry\.$/,
      asked: 1,
    },
    {
      what: 'RESOURCE_EXHAUSTED',
      reply: googleError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.'),
      hears: /asked too often \(HTTP 429\): RESOURCE_EXHAUSTED/,
      asked: 1,
    },
    { what: 'INTERNAL', reply: googleError(500, 'INTERNAL'), hears: /in trouble \(HTTP 500\): INTERNAL/, asked: 3 },
    { what: 'UNAVAILABLE', reply: googleError(503, 'UNAVAILABLE'), hears: /HTTP 503\): UNAVAILABLE/, asked: 3 },
    {
      what: 'an error at HTTP 200',
      reply: googleError(200, 'INTERNAL'),
      hears: /answered with an error: INTERNAL: in words/,
      asked: 1,
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

upstreamContract({
  name: 'google-places-legacy',
  form: 'places',
  make: (url, key) => googlePlacesLegacy(url, new Secret(key)),
  keyIn: 'the address',
  service: googlePlacesLegacyService,
  errors: [
    { what: 'INVALID_REQUEST', reply: legacyStatus('INVALID_REQUEST'), hears: /status INVALID_REQUEST\.$/, asked: 1 },
    {
      what: 'REQUEST_DENIED',
      reply: legacyStatus('REQUEST_DENIED', 'This API project is not authorized.'),
      hears: /REQUEST_DENIED: This API project is not authorized\.$/,
      asked: 1,
    },
    {
      what: 'OVER_QUERY_LIMIT',
      reply: legacyStatus('OVER_QUERY_LIMIT', 'You have exceeded your daily request quota for this API.'),
      hears: /OVER_QUERY_LIMIT: You have exceeded/,
      asked: 1,
    },
    { what: 'UNKNOWN_ERROR', reply: legacyStatus('UNKNOWN_ERROR'), hears: /status UNKNOWN_ERROR/, asked: 3 },
    {
      what: 'a status that nobody knows',
      reply: legacyStatus('constructor'),
      hears: /without a known status/,
      asked: 1,
    },
  ],
});

const wikipediaError = (code: string, info: string, headers = {}) =>
  json(200, { error: { code, info, docref: 'See https://en.wikipedia.org/w/api.php for API usage.' } }, headers);

upstreamContract({
  name: 'wikipedia',
  form: 'places',
  make: (url) => wikipediaNearby(url, 'Herd/0.0.0 (test@example.org) got/14'),
  keyIn: undefined,
  service: wikipediaService,
  errors: [
    {
      what: 'a question that it does not take',
      reply: wikipediaError('badinteger', 'gsradius must be between 10 and 10,000.'),
      hears: /error badinteger: gsradius must be/,
      asked: 1,
    },
    {
      what: 'replicas that lag behind',
      reply: wikipediaError('maxlag', 'Waiting for 10.64.32.1: 6 seconds lagged.', { 'retry-after': '5' }),
      hears: /error maxlag: Waiting/,
      asked: 1,
    },
    {
      what: 'too many requests, at HTTP 200',
      reply: wikipediaError('ratelimited', "You've exceeded your rate limit."),
      hears: /error ratelimited/,
      asked: 1,
    },
    {
      what: 'too many requests, at HTTP 429',
      reply: { status: 429, headers: { 'retry-after': '30' }, body: 'You are making too many requests' },
      hears: /asked too often \(HTTP 429\)/,
      asked: 1,
    },
    {
      what: 'an exception of its own',
      reply: wikipediaError('internal_api_error_DBQueryError', 'Caught exception of type DBQueryError'),
      hears: /internal_api_error_DBQueryError/,
      asked: 3,
    },
    {
      what: 'HTTP 403 for a client that is not named',
      reply: { status: 403, body: 'Please set a user-agent' },
      hears: /refused the request \(HTTP 403\)/,
      asked: 1,
    },
    { what: 'no list', reply: json(200, { batchcomplete: true }), hears: /without a list of articles/, asked: 1 },
  ],
});

upstreamContract({
  name: 'of a program that embeds a herd',
  form: 'places',
  make: (url, key) => ownUpstream(museumsNearby(url, key)),
  keyIn: 'a header',
  service: museumService,
  errors: [{ what: 'no list', reply: json(200, {}), hears: /without a list of museums/, asked: 1 }],
});
