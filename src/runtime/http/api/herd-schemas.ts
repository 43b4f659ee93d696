import { z } from 'zod';

const count = z.int().min(0);
const ms = z.number().min(0).describe('Milliseconds.');

/** What `GET /api/herd` answers; docs/doors.md explains it. */
export const herdResponse = z.strictObject({
  herd: z.string(),
  server: z.string().describe('The server that answers.'),
  adminAccess: z.enum(['allowed', 'token-required', 'disabled']),
  servers: z.array(z.strictObject({ name: z.string(), httpUrl: z.string().nullable() })),
  topology: z.array(z.tuple([z.string(), z.string()])),
  links: z.array(
    z.strictObject({
      neighbour: z.string(),
      state: z.enum(['connecting', 'catching-up', 'live', 'backoff', 'stopped']),
      sinceMs: ms,
      retryInMs: ms,
      reason: z.string(),
      clockOffsetMs: z
        .number()
        .nullable()
        .describe("The neighbour's clock minus this server's, in milliseconds; null while that is not known."),
      injectedFault: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('none') }),
          z.strictObject({ kind: z.literal('cut') }),
          z.strictObject({ kind: z.literal('slow'), delayMs: ms }),
        ])
        .describe('What is done to it by hand, as far as the process of this server does it.'),
    }),
  ),
  bucket: z
    .strictObject({
      state: z.enum(['connecting', 'loading', 'live', 'write-blocked', 'disconnected', 'stopped']),
      sinceMs: ms,
      retryInMs: ms,
      reason: z.string(),
      pendingWrites: count,
    })
    .nullable()
    .describe('null at a server that only floods.'),
  hold: z.enum(['all', 'touched']),
  upstream: z
    .strictObject({ kind: z.string(), maxCount: count.describe('The largest count of a WHATSAT.') })
    .describe('What is asked for what is near.'),
  locations: count.describe('Clients that are held here.'),
  connections: count.describe('Connections.'),
  ready: z.boolean(),
  notReadyReasons: z.array(z.string()),
  counters: z.strictObject({
    commands: count,
    reports: count,
    learned: count,
    propagationDelay: z.strictObject({ boundsSeconds: z.array(z.number()), counts: z.array(count) }),
  }),
});
