import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { HerdMode } from '../../runtime/config/herd-config.js';
import { isLoopback } from '../../runtime/sockets/listener.js';

/** A whole herd that is started at once, and which only this machine reaches, is being tried out; NODE_ENV may say otherwise. */
export function selectMode(config: HerdConfig, servers: readonly ServerId[]): HerdMode {
  if (process.env['NODE_ENV'] === 'production' || servers.length < config.servers.size) return 'production';
  return [...config.servers.values()].every(({ host }) => isLoopback(host)) ? 'development' : 'production';
}
