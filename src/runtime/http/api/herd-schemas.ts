import { z } from 'zod';

const count = z.int().min(0);
const ms = z.number().min(0).describe('Milliseconds.');

/** Response of `GET /api/herd`. */
export const herdResponse = z.object({
  herd: z.string(),
  server: z.string().describe('The server that responds.'),
  adminAccess: z
    .enum(['allowed', 'token-required', 'disabled'])
    .describe(
      'Whether the caller may administer: it may, it could with the admin token, or administration is disabled.',
    ),
  servers: z.array(z.object({ name: z.string(), httpUrl: z.string().nullable() })),
  topology: z.array(z.tuple([z.string(), z.string()])),
  links: z.array(
    z.object({
      neighbour: z.string(),
      state: z.enum(['connecting', 'catching-up', 'live', 'backoff', 'stopped']),
      sinceMs: ms,
      retryInMs: ms,
      reason: z.string(),
      clockOffsetMs: z
        .number()
        .nullable()
        .describe("The neighbour's clock minus this server's, in milliseconds; null if not known."),
      injectedFault: z
        .discriminatedUnion('kind', [
          z.object({ kind: z.literal('none') }),
          z.object({ kind: z.literal('cut') }),
          z.object({ kind: z.literal('slow'), delayMs: ms }),
        ])
        .describe('The fault that an admin action injected, if the process of this server does so.'),
    }),
  ),
  nats: z
    .object({
      state: z.enum(['connecting', 'joining', 'live', 'backoff', 'stopped']),
      sinceMs: ms,
      retryInMs: ms,
      reason: z.string(),
      members: z.array(z.string()).describe('Live servers of the herd on NATS, this one included.'),
      partitions: z.object({
        complete: count,
        filling: count,
        leaving: count.describe('Kept until enough other servers hold them.'),
        short: count.describe('Partitions of the herd with fewer complete holders than configured.'),
      }),
    })
    .nullable()
    .describe('null if the server replicates by flooding only.'),
  upstream: z.object({ kind: z.string(), maxCount: count.describe('Maximum count of a WHATSAT.') }),
  locations: count.describe('Number of clients that the server holds.'),
  connections: count.describe('Open client connections.'),
  ready: z.boolean(),
  notReadyReasons: z.array(z.string()),
  counters: z.object({
    commands: count,
    reports: count,
    learned: count,
    propagationDelay: z.object({ boundsSeconds: z.array(z.number()), counts: z.array(count) }),
  }),
});
