import { z } from 'zod';
import { limitSettings, peerSettings } from '../../actors/ports/limits.js';
import { serverIdPattern, serverIdSource } from '../../protocol/place/ids.js';
import { defaultLogBounds, logLevels, minLogFileBytes } from '../observe/log/log-settings.js';
import { authSchema, corsSchema } from './auth-schema.js';
import { bridgeSchema } from './bridge-schema.js';
import { integerBetween, numberSettingsSchema } from './number-settings.js';
import { replicationSchema } from './replication-schema.js';
import { upstreamSchema } from './upstream-schema.js';

const nameRule = 'must be a name of letters, digits, - and _, at most 64 characters';

const name = z.string().regex(serverIdPattern, nameRule);

/** Key under `servers` for the settings of servers that are started by a name that is not listed. */
export const otherServers = '*';

const serverKey = z.string().regex(new RegExp(`^(?:${serverIdSource}|\\*)$`), `${nameRule}, or "*"`);

const port = z
  .int()
  .min(0)
  .max(65_535)
  .describe('TCP port. 0 lets the system choose one, which works only if all servers run in one process.');

const serverSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on, and to reach the server at.'),
  port: port.describe('Port for clients.'),
  peerPort: port.optional().describe('Port for other servers. Optional with `replication.kind: nats`.'),
  httpPort: port
    .optional()
    .describe('Port for HTTP: WebSocket at /ws, JSON API, metrics and dashboard. Omit it to disable HTTP.'),
});

const logSchema = z.strictObject({
  dir: z.string().min(1).describe('Directory, relative to the working directory. Each server logs to a subdirectory.'),
  level: z
    .enum(logLevels)
    .default('lines')
    .describe(
      'Minimum level. lines: every protocol line in and out. info: events. warn: conditions that need attention. error: failures.',
    ),
  maxFileBytes: integerBetween(minLogFileBytes, 1_099_511_627_776)
    .default(defaultLogBounds.maxFileBytes)
    .describe('Size at which a log file is rotated, in bytes.'),
  maxFiles: integerBetween(2, 10_000)
    .default(defaultLogBounds.maxFiles)
    .describe('Number of log files kept per server, and of error log files; the oldest are deleted.'),
});

const pem = z.string().min(1).describe('PEM file, relative to the working directory.');

const tlsSchema = z.strictObject({
  clients: z
    .strictObject({ cert: pem, key: pem, ca: pem.optional() })
    .optional()
    .describe('TLS for clients, over TCP and HTTP. ca: CA that the herd command checks the certificate against.'),
  peers: z
    .strictObject({ cert: pem, key: pem, ca: pem })
    .optional()
    .describe('Mutual TLS between servers. Both certificates must be issued by ca and carry the name of their server.'),
});

const storeSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('Directory, relative to the working directory. Each server stores its locations in a subdirectory.'),
});

/** Schema of herd.yaml. The JSON Schema for editors and the configuration reference are generated from it. */
export const herdSchema = z.strictObject({
  herd: name.describe('Name of the herd. Servers reject peers of another herd.'),
  servers: z
    .record(serverKey, serverSchema)
    .refine((servers) => Object.keys(servers).length > 0, 'must have at least one server')
    .describe(
      'Servers by name. With `replication.kind: nats`, `"*"` has the settings of servers that are started by a name that is not listed.',
    ),
  topology: z
    .record(name, z.array(name))
    .default({})
    .describe('Neighbours of each server. Links are undirected: each pair needs to be listed only once.'),
  replication: replicationSchema
    .prefault({ kind: 'flood' })
    .describe('How locations are replicated between servers. Default: flooding over the links of `topology`.'),
  bridge: bridgeSchema.optional().describe('Shares locations with other herds over NATS. Omit it to share none.'),
  upstream: upstreamSchema
    .prefault({ kind: 'sample', format: 'twitter' })
    .describe('HTTP API that WHATSAT queries for what is nearby.'),
  log: logSchema.optional().describe('Log files. Omit it for none.'),
  tls: tlsSchema.prefault({}).describe('Certificates. Omit it for plain TCP.'),
  store: storeSchema.optional().describe('Persistence of locations on disk. Omit it to keep them in memory only.'),
  auth: authSchema.prefault({}).describe('Tokens required at `httpPort`. Omit it for none.'),
  cors: corsSchema.prefault({}).describe('Cross-origin access at `httpPort`.'),
  limits: numberSettingsSchema(limitSettings).prefault({}).describe('Limits of each server.'),
  peers: numberSettingsSchema(peerSettings).prefault({}).describe('Timing of the links between servers.'),
});

/** A herd.yaml that matches the schema, with defaults filled in. */
export type HerdDocument = z.infer<typeof herdSchema>;

/** Settings of a herd, as in herd.yaml: whatever has a default may be omitted. See docs/reference/configuration.md. */
export type HerdConfigInput = z.input<typeof herdSchema>;

/** The JSON Schema of herd.yaml, for editors. */
export function herdJsonSchema(): unknown {
  return z.toJSONSchema(herdSchema, { io: 'input' });
}
