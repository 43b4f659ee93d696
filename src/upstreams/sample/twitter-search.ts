import type { Circle, Gazetteer } from './gazetteer.js';
import { formatJsonObject, type JsonFields } from '../json-object.js';
import { parseDecimal, parseDegrees } from './parameters.js';
import type { Reply } from './reply.js';
import { formatPost, samplePosts, type SamplePost } from './sample-posts.js';

const defaultResultsPerPage = 15;
const maxResultsPerPage = 100;

/** Our choice, as for the upstream: 2,500 km. */
const maxRadiusKm = 2500;
const kilometresPerMile = 1.609344;

/** An answer draws on the places nearest to the centre; with their posts they make the 1,500 to which the API goes back. */
const maxPlaces = 100;

/** The API measured this; here the same question has the same answer, byte for byte. */
const completedInSeconds = '0.01';

interface SearchQuery {
  readonly circle: Circle;
  readonly resultsPerPage: number;
  /** From 1. */
  readonly page: number;
  readonly warning: string | undefined;
}

/** Answers `GET /search.json` as the Twitter Search API v1.0 did. */
export function answerTwitterSearch(parameters: URLSearchParams, gazetteer: Gazetteer): Reply {
  const query = parseQuery(parameters);
  // The words of the first error are the API's; its words for the others are documented nowhere.
  return typeof query === 'string'
    ? { status: 403, body: JSON.stringify({ error: query }) }
    : { status: 200, body: formatResponse(query, gazetteer) };
}

/** The question, or what is wrong with it. */
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

/** The envelope of 2011, in its order of fields. */
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

/** As the API echoed it: a whole number of kilometres has its `.0`. */
function formatGeocode({ latitude, longitude, radiusKm }: Circle): string {
  return `${latitude},${longitude},${radiusKm}${Number.isInteger(radiusKm) ? '.0' : ''}km`;
}

function compareNewestFirst(one: SamplePost, other: SamplePost): number {
  return one.id < other.id ? 1 : -1;
}
