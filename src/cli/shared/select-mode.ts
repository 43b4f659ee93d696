import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { HerdMode } from '../../runtime/config/herd-config.js';
import { isLoopback } from '../../runtime/sockets/listener.js';

/** Development mode is for a complete herd started at once that only this machine can reach, unless NODE_ENV is `production`. */
export function selectMode(config: HerdConfig, servers: readonly ServerId[]): HerdMode {
  if (process.env['NODE_ENV'] === 'production' || !isWholeHerd(config, servers)) return 'production';
  return [...config.servers.values()].every(({ host }) => isLoopback(host)) ? 'development' : 'production';
}

/** Whether these are all servers of a herd: others may be started elsewhere, listed or not. */
export function isWholeHerd(config: HerdConfig, servers: readonly ServerId[]): boolean {
  return config.otherServers === undefined && servers.length === config.servers.size;
}
