import { z } from 'zod';
import { defaultLimits, defaultPace } from '../../actors/ports/limits.js';
import { reportedFromBytes } from '../sockets/batched-writer.js';
import { defaultLogBounds, logLevels, maxFileBytesLeast } from '../observe/log/log-settings.js';
import { serverIdPattern } from '../../protocol/place/ids.js';
import { accessSchema } from './auth-schema.js';
import { bridgeSchema } from './bridge-schema.js';
import { spreadSchema } from './replication-schema.js';
import { upstreamSchema } from './upstream-schema.js';

const whole = (least: number, most: number) => z.int().min(least).max(most);

const name = z.string().regex(serverIdPattern, 'must be a name of letters, digits, - and _, at most 64');

const port = z
  .int()
  .min(0)
  .max(65_535)
  .describe('A TCP port; 0 lets the system choose one, which only a herd in one process can do without being told.');

const serverSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('The address that the server listens on and is reached at.'),
  port: port.describe('Serves clients.'),
  peerPort: port.optional().describe('Serves other servers. Only a herd that does not flood may leave it out.'),
  httpPort: port.optional().describe('Serves HTTP: WebSocket at /ws, the API, and the page. Leave it out for none.'),
});

const logSchema = z.strictObject({
  dir: z.string().min(1).describe('A folder, from the folder that herd is started in; each server gets one in it.'),
  level: z
    .enum(logLevels)
    .default('lines')
    .describe(
      'The least that is logged. lines: every line in and out. info: events, without lines. warn: what needs a look. error: what failed.',
    ),
  maxFileBytes: whole(maxFileBytesLeast, 1_099_511_627_776)
    .default(defaultLogBounds.maxFileBytes)
    .describe('Bytes of a file; the next line goes into another one.'),
  maxFiles: whole(2, 10_000)
    .default(defaultLogBounds.maxFiles)
    .describe('Files of a server that are kept of its log, and as many of its error log; the oldest are deleted.'),
});

const pem = z.string().min(1).describe('A file of PEM, from the folder that herd is started in.');

const tlsSchema = z.strictObject({
  clients: z
    .strictObject({ cert: pem, key: pem, ca: pem.optional() })
    .optional()
    .describe('The doors for clients speak TLS. ca: what herd send and the like check the certificate against.'),
  peers: z
    .strictObject({ cert: pem, key: pem, ca: pem })
    .optional()
    .describe('Links speak TLS, with a certificate on each side that comes from ca and bears the name of its server.'),
});

const storeSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('A folder, from the folder that herd is started in; each server keeps its locations in one in it.'),
});

const limitsSchema = z.strictObject({
  lineBytesMax: whole(256, 1_048_576)
    .default(defaultLimits.lineBytesMax)
    .describe('The longest line of a client in bytes; longer ones are answered as invalid and skipped.'),
  clientsMax: whole(1, 100_000_000)
    .default(defaultLimits.clientsMax)
    .describe(
      'Clients whose location is kept; beyond it the oldest location is forgotten, or, with hold: touched, who was touched least recently.',
    ),
  clientIdBytesMax: whole(1, 65_536)
    .default(defaultLimits.clientIdBytesMax)
    .describe('Longest client ID in bytes; a command with a longer one is answered as invalid.'),
  storeBytesMax: whole(4_096, 1_099_511_627_776)
    .default(defaultLimits.storeBytesMax)
    .describe('Bytes of memory that stored locations may take; beyond it locations are evicted as beyond clientsMax.'),
  connectionsMax: whole(1, 1_000_000)
    .default(defaultLimits.connectionsMax)
    .describe('Connections of clients at once; one more is closed.'),
  connectionsPerAddressMax: whole(1, 1_000_000)
    .default(defaultLimits.connectionsPerAddressMax)
    .describe('The same, from one address.'),
  httpConnectionsPerAddressMax: whole(1, 1_000_000)
    .default(defaultLimits.httpConnectionsPerAddressMax)
    .describe('HTTP connections from one address; one more is closed.'),
  watchersPerAddressMax: whole(1, 1_000_000)
    .default(defaultLimits.watchersPerAddressMax)
    .describe('Connections that watch, and event streams over HTTP, from one address; one more is refused.'),
  commandsPerSecondMax: whole(1, 1_000_000)
    .default(defaultLimits.commandsPerSecondMax)
    .describe('Commands a second on one connection; what comes faster is taken later, none is refused.'),
  answersWaitingMax: whole(1, 100_000)
    .default(defaultLimits.answersWaitingMax)
    .describe('Answers that may wait on one connection before no more of its commands are taken.'),
  backlogBytesMax: whole(reportedFromBytes, 1_073_741_824)
    .default(defaultLimits.backlogBytesMax)
    .describe('Bytes that a client may leave untaken before no more of its commands are taken.'),
  backlogBytesInAllMax: whole(1_048_576, 1_099_511_627_776)
    .default(defaultLimits.backlogBytesInAllMax)
    .describe(
      'Bytes that wait for all clients of a server together; beyond it connections of the address that holds the most are closed.',
    ),
  linkBacklogBytesMax: whole(4_096, 1_099_511_627_776)
    .default(defaultLimits.linkBacklogBytesMax)
    .describe(
      'Bytes of memory of new locations that wait for one neighbour; beyond it they are dropped, and the neighbour compares what it holds.',
    ),
  pendingQueriesMax: whole(1, 1_000_000)
    .default(defaultLimits.pendingQueriesMax)
    .describe('WHATSAT commands of all clients under way at once; more are taken when fewer are.'),
  stallSeconds: whole(1, 86_400)
    .default(defaultLimits.stallMs / 1_000)
    .describe('How long a client may leave so much untaken, and take none of it, before it is dropped.'),
  idleSeconds: whole(1, 86_400)
    .default(defaultLimits.idleMs / 1_000)
    .describe('How long a connection may neither send nor take anything before it is closed.'),
  aheadSeconds: whole(0, 1_000_000_000)
    .default(defaultLimits.aheadMs / 1_000)
    .describe("How far a report's time may be ahead of the server's clock; beyond it the report is invalid."),
  seekMs: whole(1, 60_000)
    .default(defaultLimits.seekMs)
    .describe('How long the herd is asked for a client that a server does not know, in milliseconds.'),
  seeksPerSecondMax: whole(1, 1_000_000)
    .default(defaultLimits.seeksPerSecondMax)
    .describe(
      'Searches of the herd a second for clients that a server does not know; one more is answered as unknown.',
    ),
  seeksPerSecondPerAddressMax: whole(1, 1_000_000)
    .default(defaultLimits.seeksPerSecondPerAddressMax)
    .describe('Searches of the herd a second that clients of one address may cause.'),
});

const linksSchema = z.strictObject({
  beatMs: whole(10, 600_000)
    .default(defaultPace.beatMs)
    .describe('Milliseconds between signs of life; a neighbour that gives none for three of them is taken for dead.'),
  repairSeconds: whole(1, 86_400)
    .default(defaultPace.repairMs / 1_000)
    .describe('Seconds between comparisons of what two neighbours hold, on average.'),
});

/** What herd.yaml may say. The JSON Schema that editors use is made from this. */
export const herdSchema = z.strictObject({
  herd: name.describe('The name of the herd. Servers refuse peers of another herd.'),
  servers: z
    .record(name, serverSchema)
    .refine((servers) => Object.keys(servers).length > 0, 'a herd has at least one server')
    .describe('The servers by name.'),
  talks: z
    .record(name, z.array(name))
    .default({})
    .describe('Who talks with whom. It counts both ways, so each pair needs to stand here only once.'),
  spread: spreadSchema
    .prefault({ kind: 'flood' })
    .describe('How locations get from server to server. Left out: over links between neighbours.'),
  bridge: bridgeSchema
    .optional()
    .describe(
      'Shares the locations of this herd with other herds, by a bucket of NATS JetStream. Leave it out to share none.',
    ),
  upstream: upstreamSchema.prefault({ kind: 'sample', shape: 'twitter' }).describe('What WHATSAT asks.'),
  log: logSchema.optional().describe('Where the logs go. Leave it out for none.'),
  tls: tlsSchema.prefault({}).describe('Certificates. Leave it out for plain TCP.'),
  store: storeSchema.optional().describe('Where locations are kept on disk. Leave it out for memory only.'),
  access: accessSchema.prefault({}).describe('Tokens that httpPort asks for. Leave it out for none.'),
  limits: limitsSchema.prefault({}),
  links: linksSchema.prefault({}),
});

/** A herd.yaml that has the right shape. */
export type HerdDocument = z.infer<typeof herdSchema>;

/** What herd.yaml may say: what has a default may be left out. docs/operations.md has every setting. */
export type WrittenHerd = z.input<typeof herdSchema>;

/** The JSON Schema of herd.yaml, for editors. */
export function herdJsonSchema(): unknown {
  return z.toJSONSchema(herdSchema, { io: 'input' });
}
