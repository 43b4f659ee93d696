import { z } from 'zod';

/** Maximum streams of a bucket: each is one watch per server. */
const shardsMax = 64;

const filePath = z.string().min(1);

const floodSchema = z.strictObject({
  kind: z.literal('flood').describe('flood: servers forward new locations to their neighbours; see topology.'),
  hold: z
    .literal('all', 'must be all with replication.kind: flood, where every server stores every client')
    .optional()
    .describe('With flooding, every server stores every client.'),
});

const bucketRequired = 'is required: bridged herds are those with the same bucket';

/** Bucket name. Streams of a split bucket have names that no bucket can have. */
export const bucketName = z
  .string({ error: ({ input }) => (input === undefined ? bucketRequired : undefined) })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a name of letters, digits, - and _, at most 64')
  .regex(/^(?!shard-)/, 'must not begin with shard-, which is reserved for the streams of split buckets');

/** NATS settings, for `replication` and `bridge`. */
export const natsSchema = z.strictObject({
  kind: z.literal('nats').describe('nats: servers write to a NATS JetStream key-value bucket and watch it.'),
  servers: z
    .array(
      z
        .string()
        .regex(/^(?:nats:\/\/)?[^/@\s]+$/, {
          error: 'must be a host and port, such as nats.example:4222 (user and password are separate settings)',
          abort: true,
        })
        .refine(isServerAddress, 'must be a host and a port from 1 to 65535, such as nats.example:4222'),
    )
    .min(1)
    .max(16)
    .describe('Servers of one NATS cluster, as host:port. List several for failover.'),
  bucket: bucketName.optional().describe("Bucket name. Default: herd- and the herd's name. Created if missing."),
  replicas: z
    .union([z.literal(1), z.literal(3), z.literal(5)])
    .default(1)
    .describe('Replicas of the bucket in the NATS cluster. Used when the bucket is created.'),
  hold: z
    .enum(['all', 'touched'])
    .default('all')
    .describe(
      'Clients that a server stores: all, or only recently used ones up to limits.maxClients; others are fetched from the bucket on demand.',
    ),
  shards: z
    .int()
    .min(1)
    .max(shardsMax)
    .optional()
    .describe(
      'Number of streams that the bucket is split into. Used when it is created. Default: that of the existing bucket, or 1.',
    ),
  credentials: filePath.optional().describe('Credentials file (.creds), relative to the working directory.'),
  user: z.string().min(1).optional().describe('NATS user; requires password.'),
  password: z
    .string()
    .min(1)
    .optional()
    .describe('Environment variable that holds the password of user, as in ${NATS_PASSWORD}.'),
  token: z.string().min(1).optional().describe('Environment variable that holds the NATS token, as in ${NATS_TOKEN}.'),
  tls: z
    .strictObject({ ca: filePath.optional(), cert: filePath.optional(), key: filePath.optional() })
    .optional()
    .describe('Requires TLS. ca verifies the NATS servers; cert and key are the client certificate.'),
});

/** Whether the address is valid; the default port is 4222. */
function isServerAddress(address: string): boolean {
  const hostAndPort = address.replace(/^nats:\/\//, '');
  const isBareIpv6 = hostAndPort.split(':').length > 2 && !hostAndPort.startsWith('[');
  const url = `http://${isBareIpv6 ? `[${hostAndPort}]` : hostAndPort}`;
  return URL.canParse(url) && new URL(url).port !== '0';
}

/** Schema of `replication` in herd.yaml. */
export const replicationSchema = z.discriminatedUnion('kind', [floodSchema, natsSchema]);

/** Parsed `replication`. */
export type ReplicationDocument = z.infer<typeof replicationSchema>;

/** Parsed `replication` for NATS. */
export type NatsDocument = z.infer<typeof natsSchema>;
