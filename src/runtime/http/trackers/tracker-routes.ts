import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../server/http-error.js';
import { readPhoneBody, textOfPhone } from './tracker-body.js';
import { readOsmAnd, readOwnTracks, readTraccar, type NoReport, type PhoneReport } from './tracker-reports.js';
import type { RouteDescription } from '../api/openapi.js';
import {
  osmAndFields,
  ownTracksAnswer,
  ownTracksBody,
  ownTracksHeaders,
  ownTracksQuery,
  traccarBody,
} from './tracker-schemas.js';
import type { Reports } from '../api/reports.js';

/** Why a report is not taken that has none of what makes it one. */
const words: Readonly<Record<NoReport['problem'], string>> = {
  'no device': 'it does not say which device it is',
  'no location': 'it has no location',
  'no fix': 'a position of 0, 0 is that of a phone without a fix',
  'no time': 'its timestamp is not understood',
};

/** What is wrong with the report, and would be wrong with it each time that OwnTracks sends it again. */
const ignored: readonly number[] = [400, 413];

/** Where apps report that are given the server's address and nothing behind it: at the same path as the page. */
export function phoneUrlOf(url: string): string {
  if (!url.startsWith('/?')) return url;
  const fields = fieldsOf(url.slice(2));
  const names = (...each: readonly string[]) => each.every((name) => (fields.get(name) ?? '') !== '');
  const isReport = (names('id') || names('deviceid')) && (names('location') || names('lat', 'lon'));
  return isReport ? `/osmand${url.slice(1)}` : url;
}

const osmAnd = { summary: 'Report, as OsmAnd and GPSLogger do.', query: osmAndFields, answer: 'nothing' } as const;
const traccar = {
  ...osmAnd,
  method: 'post',
  summary: 'Report, as OsmAnd, GPSLogger and Traccar Client do.',
  body: traccarBody,
  form: osmAndFields,
} as const;

/** What phones ask for. */
export const phoneRoutes: readonly RouteDescription[] = [
  {
    method: 'post',
    path: '/owntracks',
    summary: 'Report, as OwnTracks does in HTTP mode.',
    headers: ownTracksHeaders,
    query: ownTracksQuery,
    body: ownTracksBody,
    answer: ownTracksAnswer,
  },
  { ...osmAnd, method: 'get', path: '/osmand' },
  { ...traccar, path: '/osmand' },
  { ...traccar, path: '/' },
];

/** Doors for the apps that phones have: OwnTracks in HTTP mode, and all that speak as OsmAnd or Traccar Client do. */
export async function servePhones(app: FastifyInstance, reports: Reports): Promise<void> {
  const config = { entry: 'reporters' } as const;
  await app.register((phones, _, done) => {
    // What an app sends is not always what it says it sends, and some of it is empty.
    phones.removeAllContentTypeParsers();
    phones.addContentTypeParser('*', (_request: FastifyRequest, body: IncomingMessage) => readPhoneBody(body));
    phones.post('/owntracks', { config }, (request, reply) => {
      takeOwnTracks(request, reports);
      // Anything else would have the phone send it again for ever. There are no friends to tell of.
      return reply.send([]);
    });
    for (const url of ['/osmand', '/']) {
      phones.route({
        method: url === '/' ? ['POST', 'PUT', 'PATCH'] : ['GET', 'POST', 'PUT', 'PATCH'],
        url,
        // Who asks for the head of an answer does not mean to report anything.
        exposeHeadRoute: false,
        config,
        handler: (request, reply) => {
          takeOsmAnd(request, reports);
          return reply.code(200).send();
        },
      });
    }
    done();
  });
}

function takeOwnTracks(request: FastifyRequest, reports: Reports): void {
  try {
    const report = ownTracksIn(request);
    if ('problem' in report) reports.ignore(request, words[report.problem], report.client);
    else reports.take(request, report);
  } catch (error) {
    if (!(error instanceof HttpError) || !ignored.includes(error.statusCode)) throw error;
    reports.ignore(request, error.message);
  }
}

function ownTracksIn({ headers, url, body }: FastifyRequest): PhoneReport {
  const query = fieldsOf(url.split('?')[1] ?? '');
  return readOwnTracks(jsonIn(textOfPhone(body)), {
    user: textIn(headers['x-limit-u']) ?? query.get('u'),
    device: textIn(headers['x-limit-d']) ?? query.get('d'),
  });
}

function takeOsmAnd(request: FastifyRequest, reports: Reports): void {
  const report = reportIn(request);
  if (!('problem' in report)) return void reports.take(request, report);
  if (report.problem === 'no device') throw new HttpError(400, 'id or deviceid must say which device it is');
  reports.ignore(request, words[report.problem], report.client);
}

function reportIn({ url, body }: FastifyRequest): PhoneReport {
  const text = textOfPhone(body);
  if (text.trimStart().startsWith('{')) return readTraccar(jsonIn(text));
  return readOsmAnd(osmAndFields.parse(Object.fromEntries([...fieldsOf(url.split('?')[1] ?? ''), ...fieldsOf(text)])));
}

function fieldsOf(text: string): Map<string, string> {
  return new Map(new URLSearchParams(text));
}

function textIn(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
