/**
 * API of the package `herd`: runs servers in the calling process, and connects to servers as a client.
 *
 * @packageDocumentation
 */
import type { HerdOptions, RunningHerd } from './options.js';

export { changes, type Change, type ChangesOptions } from '../client/changes.js';
export type { TimeLike } from '../client/commands.js';
export type { ServerAddress } from '../client/server-address.js';
export { HerdClientError, type ClientErrorCode } from '../client/errors.js';
export { connect, type ConnectOptions, type HerdClient, type Nearby } from '../client/herd-client.js';
export type { Coordinates, HerdLocation } from '../client/location.js';
export { bytesOf, textOf, type ByteString } from '../protocol/text/bytes.js';
export type { JsonLine } from '../protocol/upstream/json-text.js';
export { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
export type {
  HttpRequest,
  HttpResponse,
  NearbyQuery,
  RadiusBeyondMax,
  Upstream,
} from '../protocol/upstream/upstream.js';
export { placesResponse, placesError, type PlaceResult } from '../upstreams/places-response.js';
export { parseJsonObject, radiusWarning } from '../upstreams/response.js';
export { Secret } from '../upstreams/secret.js';
export { redactKey } from '../upstreams/redact-key.js';
export { ConfigError, PortError, StoreError } from '../runtime/errors.js';
export type { HerdConfigInput } from '../runtime/config/schema.js';
export type { Environment, HerdChange, HerdOptions, HerdSource, RunningHerd, ServerAddresses } from './options.js';

/**
 * Starts servers of a herd in this process. Resolves when all of them accept clients and are linked with each other. Handles no
 * signals, prints nothing, and reads no environment but `options.environment`.
 *
 * ```ts
 * const herd = await startHerd({ config: { herd: 'mine', servers: { Solo: { port: 0, peerPort: 0 } } } });
 * const { host, port } = herd.servers.get('Solo')!;
 * const client = await connect({ host, port });
 * await client.report('kiwi', { latitude: 34.06893, longitude: -118.445127 });
 * client.close();
 * await herd.stop();
 * ```
 *
 * @throws {@link ConfigError} if the configuration is invalid
 * @throws {@link PortError} if a port is unavailable
 * @throws {@link StoreError} if the store cannot be opened; no server is left running in any of these cases
 */
export async function startHerd(options: HerdOptions): Promise<RunningHerd> {
  // Imported here, so that client programs do not load the modules of servers.
  return (await import('./start-herd.js')).startHerd(options);
}
