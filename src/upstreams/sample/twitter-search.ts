import type { Circle, Gazetteer } from './gazetteer.js';
import { jsonObject, type JsonFields } from '../json-object.js';
import { decimalOf, positionOf } from './parameters.js';
import type { Reply } from './reply.js';
import { postJson, postsOf, type SamplePost } from './sample-posts.js';

const resultsPerPageDefault = 15;
const resultsPerPageMax = 100;

/** Our choice, as for the upstream: 2,500 km. */
const radiusKmMax = 2500;
const kilometresPerMile = 1.609344;

/** An answer draws on the places nearest to the centre; with their posts they make the 1,500 to which the API goes back. */
const placesMax = 100;

/** The API measured this; here the same question has the same answer, byte for byte. */
const completedInSeconds = '0.01';

interface SearchQuestion {
  readonly circle: Circle;
  readonly resultsPerPage: number;
  /** From 1. */
  readonly page: number;
  readonly warning: string | undefined;
}

/** Answers `GET /search.json` as the Twitter Search API v1.0 did. */
export function twitterSearchReply(parameters: URLSearchParams, gazetteer: Gazetteer): Reply {
  const question = questionOf(parameters);
  // The words of the first error are the API's; its words for the others are documented nowhere.
  return typeof question === 'string'
    ? { status: 403, body: JSON.stringify({ error: question }) }
    : { status: 200, body: answerTo(question, gazetteer) };
}

/** The question, or what is wrong with it. */
function questionOf(parameters: URLSearchParams): SearchQuestion | string {
  const geocode = parameters.get('geocode');
  if ((parameters.get('q') ?? '') !== '') return 'This sample service searches by geocode only.';
  if (geocode === null || geocode === '') return 'You must enter a query.';

  const circle = circleOf(geocode);
  if (circle === undefined) return 'Invalid value for parameter geocode.';
  const resultsPerPage = wholeOf(parameters.get('rpp') ?? String(resultsPerPageDefault));
  if (resultsPerPage === undefined) return 'Invalid value for parameter rpp.';
  const page = wholeOf(parameters.get('page') ?? '1');
  if (page === undefined || page === 0) return 'Invalid value for parameter page.';

  return {
    circle: { ...circle, radiusKm: Math.min(circle.radiusKm, radiusKmMax) },
    resultsPerPage: Math.min(resultsPerPage, resultsPerPageMax),
    page,
    warning: circle.radiusKm > radiusKmMax ? `adjusted radius to ${radiusKmMax}km` : undefined,
  };
}

function circleOf(geocode: string): Circle | undefined {
  const [latitude, longitude, radius, ...rest] = geocode.split(',');
  const position = positionOf(latitude, longitude);
  const length = decimalOf(radius?.replace(/(?:km|mi)$/, ''));
  if (position === undefined || length === undefined || length < 0 || rest.length > 0) return undefined;
  if (radius?.endsWith('km')) return { ...position, radiusKm: length };
  return radius?.endsWith('mi') ? { ...position, radiusKm: length * kilometresPerMile } : undefined;
}

function wholeOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The envelope of 2011, in its order of fields. */
function answerTo(question: SearchQuestion, gazetteer: Gazetteer): string {
  const { circle, resultsPerPage, page, warning } = question;
  const posts = gazetteer.nearest(circle, placesMax).flatMap(postsOf).sort(newestFirst);
  const from = (page - 1) * resultsPerPage;
  const shown = posts.slice(from, from + resultsPerPage);
  const maxId = String(posts[0]?.id ?? 0);
  const geocode = encodeURIComponent(geocodeOf(circle));
  const isLast = from + resultsPerPage >= posts.length || resultsPerPage === 0;
  const nextPage = `?page=${page + 1}&max_id=${maxId}&rpp=${resultsPerPage}&geocode=${geocode}&q=`;

  const fields: JsonFields = {
    results: `[${shown.map(postJson).join(',')}]`,
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
  return jsonObject(fields);
}

/** As the API echoed it: a whole number of kilometres has its `.0`. */
function geocodeOf({ latitude, longitude, radiusKm }: Circle): string {
  return `${latitude},${longitude},${radiusKm}${Number.isInteger(radiusKm) ? '.0' : ''}km`;
}

function newestFirst(one: SamplePost, other: SamplePost): number {
  return one.id < other.id ? 1 : -1;
}
