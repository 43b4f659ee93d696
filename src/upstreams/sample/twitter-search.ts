import type { Circle, Gazetteer } from './gazetteer.js';
import { formatJsonObject, type JsonFields } from '../text.js';
import { parseDecimal, parseDegrees, type Reply } from './api.js';
import { formatPost, samplePosts, type SamplePost } from './sample-posts.js';

const defaultResultsPerPage = 15;
const maxResultsPerPage = 100;

/** The same as for the upstream in upstreams/twitter.ts. */
const maxRadiusKm = 2500;
const kilometresPerMile = 1.609344;

/** A search covers the places nearest to the centre; together they have 1,500 posts, the API's maximum. */
const maxPlaces = 100;

/** Constant, where the API measured it: the same query gets the same answer to the byte. */
const completedInSeconds = '0.01';

interface SearchQuery {
  readonly circle: Circle;
  readonly resultsPerPage: number;
  /** From 1. */
  readonly page: number;
  readonly warning: string | undefined;
}

/** Answers `GET /search.json` like the Twitter Search API v1.0. */
export function answerTwitterSearch(parameters: URLSearchParams, gazetteer: Gazetteer): Reply {
  const query = parseQuery(parameters);
  // `You must enter a query.` is the API's own message; its other messages are undocumented.
  return typeof query === 'string'
    ? { status: 403, body: JSON.stringify({ error: query }) }
    : { status: 200, body: formatResponse(query, gazetteer) };
}

/** Parses a query; returns an error message if it is invalid. */
function parseQuery(parameters: URLSearchParams): SearchQuery | string {
  const geocode = parameters.get('geocode');
  if ((parameters.get('q') ?? '') !== '') return 'This sample service searches by geocode only.';
  if (geocode === null || geocode === '') return 'You must enter a query.';

  const circle = parseCircle(geocode);
  if (circle === undefined) return 'Invalid value for parameter geocode.';
  const resultsPerPage = parseWholeNumber(parameters.get('rpp') ?? String(defaultResultsPerPage));
  if (resultsPerPage === undefined) return 'Invalid value for parameter rpp.';
  const page = parseWholeNumber(parameters.get('page') ?? '1');
  if (page === undefined || page === 0) return 'Invalid value for parameter page.';

  return {
    circle: { ...circle, radiusKm: Math.min(circle.radiusKm, maxRadiusKm) },
    resultsPerPage: Math.min(resultsPerPage, maxResultsPerPage),
    page,
    warning: circle.radiusKm > maxRadiusKm ? `adjusted radius to ${maxRadiusKm}km` : undefined,
  };
}

function parseCircle(geocode: string): Circle | undefined {
  const [latitude, longitude, radius, ...rest] = geocode.split(',');
  const position = parseDegrees(latitude, longitude);
  const length = parseDecimal(radius?.replace(/(?:km|mi)$/, ''));
  if (position === undefined || length === undefined || length < 0 || rest.length > 0) return undefined;
  if (radius?.endsWith('km')) return { ...position, radiusKm: length };
  return radius?.endsWith('mi') ? { ...position, radiusKm: length * kilometresPerMile } : undefined;
}

function parseWholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Formats the answer of 2011, with its order of fields. */
function formatResponse(query: SearchQuery, gazetteer: Gazetteer): string {
  const { circle, resultsPerPage, page, warning } = query;
  const posts = gazetteer.nearest(circle, maxPlaces).flatMap(samplePosts).sort(compareNewestFirst);
  const from = (page - 1) * resultsPerPage;
  const shown = posts.slice(from, from + resultsPerPage);
  const maxId = String(posts[0]?.id ?? 0);
  const geocode = encodeURIComponent(formatGeocode(circle));
  const isLast = from + resultsPerPage >= posts.length || resultsPerPage === 0;
  const nextPage = `?page=${page + 1}&max_id=${maxId}&rpp=${resultsPerPage}&geocode=${geocode}&q=`;

  const fields: JsonFields = {
    results: `[${shown.map(formatPost).join(',')}]`,
    max_id: maxId,
    since_id: '0',
    refresh_url: JSON.stringify(`?since_id=${maxId}&geocode=${geocode}&q=`),
    ...(isLast ? {} : { next_page: JSON.stringify(nextPage) }),
    results_per_page: String(resultsPerPage),
    page: String(page),
    completed_in: completedInSeconds,
    ...(warning === undefined ? {} : { warning: JSON.stringify(warning) }),
    since_id_str: JSON.stringify('0'),
    max_id_str: JSON.stringify(maxId),
    query: JSON.stringify(''),
  };
  return formatJsonObject(fields);
}

/** Formats a circle as the API echoed it: a whole number of kilometres ends in `.0`. */
function formatGeocode({ latitude, longitude, radiusKm }: Circle): string {
  return `${latitude},${longitude},${radiusKm}${Number.isInteger(radiusKm) ? '.0' : ''}km`;
}

function compareNewestFirst(one: SamplePost, other: SamplePost): number {
  return one.id < other.id ? 1 : -1;
}
