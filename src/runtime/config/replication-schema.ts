import { z } from 'zod';

const filePath = z.string().min(1);

const floodSchema = z.strictObject({
  kind: z.literal('flood').describe('flood: servers forward new locations to their neighbours; see topology.'),
});

const maxReplicas = 64;

/** NATS settings, for `replication` and `bridge`. */
export const natsSchema = z.strictObject({
  kind: z
    .literal('nats')
    .describe('nats: servers publish locations over NATS by partition; each partition is held by `replicas` servers.'),
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
  replicas: z
    .union([z.int().min(1).max(maxReplicas), z.literal('all')], `must be an integer from 1 to ${maxReplicas}, or all`)
    .default('all')
    .describe('Number of servers that store each location, or all. The same at all servers of the herd.'),
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
