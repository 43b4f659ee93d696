import { z } from 'zod';
import { serverIdPattern, type ServerId } from '../../../protocol/place/ids.js';
import { logLevels } from '../../observe/log/log-settings.js';
import { describeIssue } from '../../config/describe-issue.js';
import { herdErrorMap } from '../../config/error-map.js';
import { HttpError } from '../server/http-error.js';

/* Schemas of requests and responses. They validate requests, describe the API as OpenAPI, and api-types.ts infers types from them. */

const client = z.string().min(1).describe('Client ID: any text without white space.');

export const reportBody = z.strictObject({
  client,
  position: z
    .union([z.string(), z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])])
    .describe('ISO 6709 in decimal degrees, as in +34.068930-118.445127; or latitude and longitude as numbers.'),
  time: z
    .union([z.string(), z.number().nonnegative()])
    .optional()
    .describe('Time of the position in POSIX seconds (default: now). A string keeps every digit.'),
});

export const clientPath = z.strictObject({ client });

export const nearbyQuery = z.strictObject({
  radius: z.coerce
    .number()
    .min(0)
    .default(10)
    .describe(
      'Kilometres. A radius beyond the maximum of the upstream is clamped or rejected, see upstream.radiusBeyondMax.',
    ),
  count: z.coerce.number().int().min(0).default(5).describe('Maximum number of results.'),
});

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('Clients per page, approximately.'),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('`next` of the previous page.'),
});

export const changesQuery = z.strictObject({
  client: client.optional().describe('Only changes of this client.'),
});

export const changesHeaders = z.strictObject({
  'Last-Event-ID': z
    .string()
    .optional()
    .describe('ID of the last change received; the changes since then are sent first.'),
});

const server = z
  .string()
  .regex(serverIdPattern, 'must be the name of a server')
  .transform((name) => name as ServerId);
const link = z.tuple([server, server]).describe('The two servers of the link.');

/** Maximum injected delay in milliseconds: beyond it heartbeats would time out. */
const maxDelayMs = 5_000;

/** Body of `POST /api/admin`, see `AdminAction`. */
export const adminActionBody = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['crash', 'stop', 'restart']), server }),
  z.strictObject({ action: z.literal('log'), server, level: z.enum(logLevels) }),
  z.strictObject({ action: z.enum(['cut', 'heal']), link }),
  z.strictObject({ action: z.literal('slow'), link, delayMs: z.int().min(1).max(maxDelayMs) }),
]);

export const adminResponse = z.object({ done: z.string() });

export const locationResponse = z.object({
  client: z.string(),
  server: z.string().describe('The server that the client reported it to.'),
  position: z.tuple([z.number(), z.number()]).describe('Latitude and longitude in degrees.'),
  time: z.string().describe('POSIX seconds as reported.'),
  line: z.string().describe('The AT line.'),
});

export const nearbyResponse = z.object({
  location: locationResponse,
  near: z.unknown().describe("The upstream's response, or an error in the format of its responses."),
});

export const listResponse = z.object({
  clients: z.array(locationResponse),
  next: z.number().nullable().describe('`after` of the next page; null on the last one.'),
  size: z.number().describe('Number of all clients.'),
});

export const geoJsonResponse = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(
    z.object({
      type: z.literal('Feature'),
      geometry: z.object({ type: z.literal('Point'), coordinates: z.tuple([z.number(), z.number()]) }),
      properties: z.object({ client: z.string(), server: z.string(), time: z.string() }),
    }),
  ),
});

export const errorResponse = z.object({ error: z.string() });

/**
 * Validates input of a request.
 * @throws HttpError 400 that names every problem
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value, { error: herdErrorMap });
  if (!success) {
    const problems = error.issues.flatMap((issue) => describeIssue(schema, issue)).map(({ text }) => text);
    throw new HttpError(400, problems.join('; '));
  }
  return data;
}
