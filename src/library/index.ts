/**
 * Herd as a library: a herd in the process of its caller, and clients of any herd.
 *
 * @packageDocumentation
 */
import type { HerdOptions, RunningHerd } from './options.js';

export { changes, type Change, type ChangesOptions } from '../client/changes.js';
export type { TimeLike } from '../client/commands.js';
export type { ServerAddress } from '../client/server-address.js';
export { HerdClientError, type ClientErrorCode } from '../client/errors.js';
export { connect, type ConnectOptions, type HerdClient, type Nearby } from '../client/herd-client.js';
export type { Coordinates, HerdLocation } from '../client/herd-location.js';
export { bytesOf, textOf, type ByteString } from '../protocol/text/bytes.js';
export type { JsonLine } from '../protocol/upstream/json-text.js';
export { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
export type { HttpRequest, HttpResponse, NearbyQuery, Upstream } from '../protocol/upstream/upstream.js';
export { placesResponse, placesError, type PlaceResult } from '../upstreams/places-response.js';
export { parseJsonObject, radiusWarning } from '../upstreams/response.js';
export { Secret } from '../upstreams/secret.js';
export { redactKey } from '../upstreams/redact-key.js';
export { ConfigError, PortError, StoreError } from '../runtime/errors.js';
export type { HerdConfigInput } from '../runtime/config/schema.js';
export type { Environment } from './environment.js';
export type { HerdChange, HerdOptions, HerdSource, RunningHerd, ServerAddresses } from './options.js';

/**
 * Starts servers of a herd in this process. Resolves when all of them take clients and are linked with each other. It hears no
 * signal, prints nothing and reads no environment but the one that it is given.
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
 * @throws ConfigError for settings of which no herd can be made, {@link PortError} and {@link StoreError} for what cannot be had; nothing
 *   is left running then
 */
export async function startHerd(options: HerdOptions): Promise<RunningHerd> {
  // A program that is a client only is not burdened with what servers need.
  return (await import('./start-herd.js')).startHerd(options);
}
