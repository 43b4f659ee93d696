import { z } from 'zod';
import { serverIdPattern } from '../../protocol/ids.js';

const name = z.string().regex(serverIdPattern, 'must be a name of letters, digits, - and _, at most 64');

const port = z
  .int()
  .min(0)
  .max(65_535)
  .describe('A TCP port; 0 lets the system choose one, which only a herd in one process can do without being told.');

const serverSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('The address that the server listens on and is reached at.'),
  port: port.describe('Serves clients.'),
  peerPort: port.describe('Serves other servers.'),
  httpPort: port.optional().describe('Serves clients over WebSocket, at /ws. Leave it out for none.'),
});

const upstreamSchema = z.strictObject({
  kind: z
    .literal('sample')
    .describe('sample: an HTTP service started with the herd, with sample posts near real places.'),
  shape: z
    .enum(['twitter', 'places'])
    .default('twitter')
    .describe('twitter: the Twitter Search API 1.0. places: the Nearby Search of Google Places (legacy).'),
});

const logSchema = z.strictObject({
  dir: z.string().min(1).describe('A folder, from the folder that herd is started in; each server gets one in it.'),
});

const limitsSchema = z.strictObject({
  lineBytesMax: z
    .int()
    .min(256)
    .max(1_048_576)
    .default(4_096)
    .describe('The longest line of a client in bytes; longer ones are answered as invalid and skipped.'),
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
  upstream: upstreamSchema.default({ kind: 'sample', shape: 'twitter' }).describe('What WHATSAT asks.'),
  log: logSchema.optional().describe('Where the logs go. Leave it out for none.'),
  limits: limitsSchema.default({ lineBytesMax: 4_096 }),
});

/** A herd.yaml that has the right shape. */
export type HerdDocument = z.infer<typeof herdSchema>;

/** The JSON Schema of herd.yaml, for editors. */
export function herdJsonSchema(): unknown {
  return z.toJSONSchema(herdSchema, { io: 'input' });
}
