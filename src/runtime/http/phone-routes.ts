import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Gate } from './gate.js';
import { HttpError } from './http-error.js';
import { readOsmAnd, readOwnTracks, readTraccar, type PhoneReport } from './phone-report.js';
import type { RouteDescription } from './openapi.js';
import {
  osmAndFields,
  ownTracksAnswer,
  ownTracksBody,
  ownTracksHeaders,
  ownTracksQuery,
  traccarBody,
} from './phone-schemas.js';
import type { Reception, Reported } from './reception.js';

/** Takes a report, if who sends it may make it. */
type Take = (request: FastifyRequest, report: Reported) => void;

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
export async function servePhones(app: FastifyInstance, reception: Reception, gate: Gate): Promise<void> {
  const config = { entry: 'reporters' } as const;
  const take = (request: FastifyRequest, report: Reported): void => {
    gate.checkReport(request, reception.clientIdOf(report.client));
    reception.take(report);
  };
  await app.register((phones, _, done) => {
    // What an app sends is not always what it says it sends, and some of it is empty.
    phones.removeAllContentTypeParsers();
    phones.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    phones.post('/owntracks', { config }, (request, reply) => {
      takeOwnTracks(request, take);
      // Anything else would have the phone send it again for ever. There are no friends to tell of.
      return reply.send([]);
    });
    for (const url of ['/osmand', '/']) {
      phones.route({
        method: url === '/' ? 'POST' : ['GET', 'POST'],
        url,
        config,
        handler: (request, reply) => {
          takeOsmAnd(request, take);
          return reply.code(200).send();
        },
      });
    }
    done();
  });
}

function takeOwnTracks(request: FastifyRequest, take: Take): void {
  const { headers } = request;
  const query = fieldsOf(request.url.split('?')[1] ?? '');
  const names = {
    user: textIn(headers['x-limit-u']) ?? query.get('u'),
    device: textIn(headers['x-limit-d']) ?? query.get('d'),
  };
  const report = readOwnTracks(jsonIn(request.body), names);
  if (typeof report === 'string') return;
  try {
    take(request, report);
  } catch (error) {
    if (!(error instanceof HttpError) || error.statusCode !== 400) throw error;
  }
}

function takeOsmAnd(request: FastifyRequest, take: Take): void {
  const report = reportIn(request);
  if (report === 'no device') throw new HttpError(400, 'id or deviceid must say which device it is');
  if (report !== 'no location') take(request, report);
}

function reportIn({ url, body }: FastifyRequest): PhoneReport {
  const text = typeof body === 'string' ? body : '';
  if (text.trimStart().startsWith('{')) return readTraccar(jsonIn(text));
  return readOsmAnd(osmAndFields.parse(Object.fromEntries([...fieldsOf(url.split('?')[1] ?? ''), ...fieldsOf(text)])));
}

function fieldsOf(text: string): Map<string, string> {
  return new Map(new URLSearchParams(text));
}

function textIn(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function jsonIn(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}
