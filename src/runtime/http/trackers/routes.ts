import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../server/http-error.js';
import { readTrackerBody, trackerBodyText } from './read-body.js';
import { parseOsmAnd, parseOwnTracks, parseTraccar, type ReportProblem, type TrackerReport } from './parse-reports.js';
import type { RouteDescription } from '../api/openapi.js';
import {
  osmAndFields,
  ownTracksResponse,
  ownTracksBody,
  ownTracksHeaders,
  ownTracksQuery,
  traccarBody,
} from './schemas.js';
import type { ReportIngest } from '../api/report-ingest.js';

/** Messages about requests without a report. */
const problemMessages: Readonly<Record<ReportProblem['problem'], string>> = {
  'no-device': 'no device ID',
  'no-location': 'no location',
  'no-fix': 'position is 0, 0: the phone has no fix',
  'no-time': 'invalid timestamp',
};

/** Statuses of permanent errors: OwnTracks would send the report again forever. */
const ignoredStatuses: readonly number[] = [400, 413];

/** Rewrites reports to `/`, sent by apps that are configured with the server's address only, which is also that of the dashboard. */
export function rewriteTrackerUrl(url: string): string {
  if (!url.startsWith('/?')) return url;
  const fields = parseFields(url.slice(2));
  const hasFields = (...fieldNames: readonly string[]) => fieldNames.every((name) => (fields.get(name) ?? '') !== '');
  const isReport = (hasFields('id') || hasFields('deviceid')) && (hasFields('location') || hasFields('lat', 'lon'));
  return isReport ? `/osmand${url.slice(1)}` : url;
}

const osmAnd = { summary: 'Report, as OsmAnd and GPSLogger do.', query: osmAndFields, response: 'nothing' } as const;
const traccar = {
  ...osmAnd,
  method: 'post',
  summary: 'Report, as OsmAnd, GPSLogger and Traccar Client do.',
  body: traccarBody,
  form: osmAndFields,
} as const;

/** Routes of trackers, as described by OpenAPI. */
export const trackerRoutes: readonly RouteDescription[] = [
  {
    method: 'post',
    path: '/owntracks',
    summary: 'Report, as OwnTracks does in HTTP mode.',
    headers: ownTracksHeaders,
    query: ownTracksQuery,
    body: ownTracksBody,
    response: ownTracksResponse,
  },
  { ...osmAnd, method: 'get', path: '/osmand' },
  { ...traccar, path: '/osmand' },
  { ...traccar, path: '/' },
];

/** Serves trackers: OwnTracks in HTTP mode, and apps with the protocol of OsmAnd or Traccar Client. */
export async function serveTrackers(app: FastifyInstance, reports: ReportIngest): Promise<void> {
  const config = { policy: 'report' } as const;
  await app.register((trackers, _, done) => {
    // The content types of apps are not reliable, and some bodies are empty.
    trackers.removeAllContentTypeParsers();
    trackers.addContentTypeParser('*', (_request: FastifyRequest, body: IncomingMessage) => readTrackerBody(body));
    trackers.post('/owntracks', { config }, (request, reply) => {
      acceptOwnTracks(request, reports);
      // The list of friends. Any other response would have the phone send the report again forever.
      return reply.send([]);
    });
    for (const url of ['/osmand', '/']) {
      trackers.route({
        method: url === '/' ? ['POST', 'PUT', 'PATCH'] : ['GET', 'POST', 'PUT', 'PATCH'],
        url,
        // A HEAD request must not report.
        exposeHeadRoute: false,
        config,
        handler: (request, reply) => {
          acceptOsmAnd(request, reports);
          return reply.code(200).send();
        },
      });
    }
    done();
  });
}

function acceptOwnTracks(request: FastifyRequest, reports: ReportIngest): void {
  try {
    const report = ownTracksReport(request);
    if ('problem' in report) reports.ignore(request, problemMessages[report.problem], report.client);
    else reports.accept(request, report);
  } catch (error) {
    if (!(error instanceof HttpError) || !ignoredStatuses.includes(error.statusCode)) throw error;
    reports.ignore(request, error.message);
  }
}

function ownTracksReport({ headers, url, body }: FastifyRequest): TrackerReport {
  const query = parseFields(url.split('?')[1] ?? '');
  return parseOwnTracks(parseJson(trackerBodyText(body)), {
    user: headerText(headers['x-limit-u']) ?? query.get('u'),
    device: headerText(headers['x-limit-d']) ?? query.get('d'),
  });
}

function acceptOsmAnd(request: FastifyRequest, reports: ReportIngest): void {
  const report = osmAndReport(request);
  if (!('problem' in report)) return void reports.accept(request, report);
  if (report.problem === 'no-device') throw new HttpError(400, 'id or deviceid is required');
  reports.ignore(request, problemMessages[report.problem], report.client);
}

function osmAndReport({ url, body }: FastifyRequest): TrackerReport {
  const text = trackerBodyText(body);
  if (text.trimStart().startsWith('{')) return parseTraccar(parseJson(text));
  return parseOsmAnd(
    osmAndFields.parse(Object.fromEntries([...parseFields(url.split('?')[1] ?? ''), ...parseFields(text)])),
  );
}

function parseFields(text: string): Map<string, string> {
  return new Map(new URLSearchParams(text));
}

function headerText(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
