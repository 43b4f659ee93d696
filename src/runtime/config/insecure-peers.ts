import type { ServerId } from '../../protocol/place/ids.js';
import { hostAndPort, isLoopback } from '../sockets/listening.js';
import type { HerdConfig } from './herd-config.js';

/**
 * The servers that a server must not link with in a herd without a secret, as sentences: those on a network that others reach.
 * There nobody is let in, and nobody believed, who does not know the secret.
 *
 * @param hosted the servers of its own process
 */
export function openPeersOf(config: HerdConfig, server: ServerId, hosted: ReadonlySet<ServerId>): string[] {
  const elsewhere = (config.topology.get(server) ?? []).filter((neighbour) => !hosted.has(neighbour));
  if (elsewhere.length === 0) return [];
  return [server, ...elsewhere].flatMap((each) => {
    const { host, peerPort } = config.servers.get(each) ?? { host: 'localhost', peerPort: 0 };
    if (isLoopback(host)) return [];
    const place = hostAndPort(host, peerPort);
    return [
      `peerPort of ${each} is ${place}, which others can reach: set HERD_SECRET, the same for all servers of the herd`,
    ];
  });
}
