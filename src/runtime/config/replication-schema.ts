import { z } from 'zod';

/** Streams of a bucket: each is a watch, and a look now and then, for each server. */
const shardsMax = 64;

const file = z.string().min(1);

const floodSchema = z.strictObject({
  kind: z.literal('flood').describe('Servers tell their neighbours, who tell theirs: see talks.'),
  hold: z
    .literal(
      'all',
      'must be all in a herd that floods: what a server does not hold nobody else may have; see spread: nats',
    )
    .optional()
    .describe('Servers that flood hold all clients.'),
});

const shared = 'must be there: herds that are bridged are those that name the same bucket';

/** The name of a bucket; the streams of one that is split have names that no bucket has. */
export const bucketName = z
  .string({ error: ({ input }) => (input === undefined ? shared : undefined) })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a name of letters, digits, - and _, at most 64')
  .regex(/^(?!shard-)/, 'must not begin with shard-: so do the streams of buckets that are split');

/** What is said of NATS, wherever a bucket of it is meant. */
export const natsSchema = z.strictObject({
  kind: z.literal('nats').describe('Servers write to a key-value bucket of NATS JetStream, and watch it.'),
  servers: z
    .array(
      z
        .string()
        .regex(/^(?:nats:\/\/)?[^/@\s]+$/, {
          error: 'must be a host and port, such as nats.example:4222; user and password are settings of their own',
          abort: true,
        })
        .refine(isReachable, 'must be a host and a port from 1 to 65535, such as nats.example:4222'),
    )
    .min(1)
    .max(16)
    .describe('nats-servers of one cluster, as host:port; any of them will do, so name several.'),
  bucket: bucketName
    .optional()
    .describe("The bucket. Left out: herd- and the herd's name. It is made if there is none."),
  replicas: z
    .union([z.literal(1), z.literal(3), z.literal(5)])
    .default(1)
    .describe('Copies that the NATS cluster keeps of the bucket. Counts when it is made.'),
  hold: z
    .enum(['all', 'touched'])
    .default('all')
    .describe(
      'Which clients a server holds: all, or only those that reported to it or were asked of it, up to limits.clientsMax; others it gets from the bucket when it is asked.',
    ),
  shards: z
    .int()
    .min(1)
    .max(shardsMax)
    .optional()
    .describe('Streams that the bucket is split over. Counts when it is made. Left out: what the bucket is, or 1.'),
  credentials: file.optional().describe('A file of credentials (.creds), from the folder that herd is started in.'),
  user: z.string().min(1).optional().describe('A user of NATS, with password.'),
  password: z
    .string()
    .min(1)
    .optional()
    .describe('The name of an environment variable that holds the password of user, as in ${NATS_PASSWORD}.'),
  token: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The name of an environment variable that holds the token that nats-servers ask for, as in ${NATS_TOKEN}.',
    ),
  tls: z
    .strictObject({ ca: file.optional(), cert: file.optional(), key: file.optional() })
    .optional()
    .describe('Speaks TLS only: ca is who must have signed for the nats-servers, cert and key are shown to them.'),
});

/** Whether there may be a nats-server: at port 4222, where none is named. */
function isReachable(written: string): boolean {
  const place = written.replace(/^nats:\/\//, '');
  const isBareIpv6 = place.split(':').length > 2 && !place.startsWith('[');
  const url = `http://${isBareIpv6 ? `[${place}]` : place}`;
  return URL.canParse(url) && new URL(url).port !== '0';
}

/** What herd.yaml may say of how locations are spread. */
export const spreadSchema = z.discriminatedUnion('kind', [floodSchema, natsSchema]);

/** What stands under `spread`. */
export type SpreadDocument = z.infer<typeof spreadSchema>;

/** What is written under `spread` for NATS. */
export type NatsDocument = z.infer<typeof natsSchema>;
