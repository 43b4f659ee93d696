import { z } from 'zod';
import { serverIdPattern, type ServerId } from '../../../protocol/place/ids.js';
import { logLevels } from '../../observe/log/log-settings.js';
import { HttpError } from '../server/http-error.js';

/** What is said over HTTP, checked and described by the same schemas. */

const client = z.string().min(1).describe('A client ID: any text without white space.');

export const reportBody = z.strictObject({
  client,
  position: z
    .union([z.string(), z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])])
    .describe('ISO 6709 in decimal degrees, as in +34.068930-118.445127; or latitude and longitude as numbers.'),
  time: z
    .union([z.string(), z.number().nonnegative()])
    .optional()
    .describe('When it was there: POSIX seconds. A text keeps every digit. Now, if it is left out.'),
});

export const clientPath = z.strictObject({ client });

export const nearQuery = z.strictObject({
  radius: z.coerce
    .number()
    .min(0)
    .default(10)
    .describe('Kilometres; more than the upstream takes is cut or refused, as upstream.radiusBeyondMax says.'),
  count: z.coerce.number().int().min(0).default(5).describe('Results at most.'),
});

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('About as many a page, or a few more.'),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe('`next` of the page before.'),
});

export const changesQuery = z.strictObject({
  client: client.optional().describe('Changes of this client only.'),
});

export const changesHeaders = z.strictObject({
  'Last-Event-ID': z
    .string()
    .optional()
    .describe('The id of the last change that was heard: those after it come first.'),
});

const server = z
  .string()
  .regex(serverIdPattern, 'must be the name of a server')
  .transform((name) => name as ServerId);
const link = z.tuple([server, server]).describe('The two servers.');

/** More would only be another way to cut a link: its ends wait for signs of life. In milliseconds. */
const delayMsMax = 5_000;

/** See `Act`. */
export const actBody = z.discriminatedUnion('act', [
  z.strictObject({ act: z.enum(['crash', 'stop', 'restart']), server }),
  z.strictObject({ act: z.literal('log'), server, level: z.enum(logLevels) }),
  z.strictObject({ act: z.enum(['cut', 'heal']), link }),
  z.strictObject({ act: z.literal('slow'), link, delayMs: z.int().min(1).max(delayMsMax) }),
]);

/** See `Story`. */
export const storyBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('shipped'), name: z.string().min(1).max(100) }),
  z.strictObject({ kind: z.literal('brought'), name: z.string().min(1).max(100), text: z.string().min(1) }),
]);

export const locationAnswer = z.object({
  client: z.string(),
  server: z.string().describe('The server that first got it.'),
  position: z.tuple([z.number(), z.number()]).describe('Latitude and longitude in degrees.'),
  time: z.string().describe('POSIX seconds, as the client wrote them.'),
  line: z.string().describe('The AT line.'),
});

export const nearAnswer = z.object({
  location: locationAnswer,
  near: z.unknown().describe("The upstream's answer, as it gave it; or an error in the form that its answers have."),
});

export const listAnswer = z.object({
  clients: z.array(locationAnswer),
  next: z.number().nullable().describe('Where the next page begins; null on the last one.'),
  size: z.number().describe('How many clients are known in all.'),
});

export const geoAnswer = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(
    z.object({
      type: z.literal('Feature'),
      geometry: z.object({ type: z.literal('Point'), coordinates: z.tuple([z.number(), z.number()]) }),
      properties: z.object({ client: z.string(), server: z.string(), time: z.string() }),
    }),
  ),
});

export const errorAnswer = z.object({ error: z.string() });

/**
 * What was sent, if it is right.
 * @throws HttpError saying what is wrong with it
 */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw new HttpError(400, z.prettifyError(error).replaceAll('\n', ' '));
  return data;
}
