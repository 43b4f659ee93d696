import type { ServerId } from '../../protocol/place/ids.js';
import { formatHostPort, isLoopback } from '../sockets/listener.js';
import type { HerdConfig } from './herd-config.js';

/**
 * Problems of links over a public network in a herd without a shared secret: such peers could not be authenticated.
 *
 * @param hostedServers the servers of its own process
 */
export function insecurePeerProblems(
  config: HerdConfig,
  server: ServerId,
  hostedServers: ReadonlySet<ServerId>,
): string[] {
  const remoteNeighbours = (config.topology.get(server) ?? []).filter((neighbour) => !hostedServers.has(neighbour));
  if (remoteNeighbours.length === 0) return [];
  return [server, ...remoteNeighbours].flatMap((peer) => {
    const { host, peerPort } = config.servers.get(peer) ?? { host: 'localhost', peerPort: 0 };
    if (isLoopback(host)) return [];
    const address = formatHostPort(host, peerPort);
    return [
      `servers.${peer}.peerPort: ${address} is not a loopback address; set HERD_SECRET to the same value on all servers`,
    ];
  });
}
