import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { HerdMode } from '../../runtime/config/herd-config.js';
import { isLoopback } from '../../runtime/sockets/listener.js';

/** Development mode is for a complete herd started at once that only this machine can reach, unless NODE_ENV is `production`. */
export function selectMode(config: HerdConfig, servers: readonly ServerId[]): HerdMode {
  if (process.env['NODE_ENV'] === 'production' || servers.length < config.servers.size) return 'production';
  return [...config.servers.values()].every(({ host }) => isLoopback(host)) ? 'development' : 'production';
}
