import type { ServerId } from '../protocol/ids.js';
import type { Upstream } from '../protocol/upstream.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { HerdCertificates } from '../runtime/certificates.js';
import { GotHttp } from '../runtime/got-http.js';
import type { StatusReport } from '../runtime/herd-status.js';
import { Host } from '../runtime/host.js';
import type { HostEdges } from '../runtime/hosted-server.js';
import { InProcessNetwork } from '../runtime/in-process-transport.js';
import { SystemClock } from '../runtime/system-clock.js';
import { systemRandom } from '../runtime/system-random.js';
import { Turn } from '../runtime/turn.js';
import { placesNearby } from '../upstreams/places.js';
import { twitterSearch } from '../upstreams/twitter.js';
import { inspectApart } from './inspect.js';
import { warn } from './output.js';
import { secretsOf } from './secrets.js';

/** What WHATSAT asks, in the shape that the config says, at the address where the sample service listens. */
function upstreamOf({ upstream }: HerdConfig, url: string): Upstream {
  switch (upstream.shape) {
    case 'twitter':
      return twitterSearch(url);
    case 'places':
      return placesNearby(url);
  }
}

/**
 * A host for servers in this process. What they tell of themselves goes to `report`.
 *
 * @param observe sees the bus of every server besides
 */
export function hostFor(
  config: HerdConfig,
  servers: readonly ServerId[],
  sampleUrl: string,
  report: (report: StatusReport) => void,
  observe: HostEdges['observe'] = () => undefined,
): Host {
  const turn = new Turn();
  return new Host({
    config,
    clock: new SystemClock(),
    random: systemRandom,
    http: new GotHttp(),
    upstream: upstreamOf(config, sampleUrl),
    secrets: secretsOf(process.env),
    certificates: reloadable(new HerdCertificates(config.tls)),
    turn,
    network: new InProcessNetwork(turn),
    hosted: new Set(servers),
    inspect: inspectApart,
    warn,
    observe: (server, bus) => {
      bus.on('link', ({ neighbour, state, reason }) => report({ kind: 'link', server, neighbour, state, reason }));
      bus.on('server', ({ state, reason }) => {
        if (state === 'failed') report({ kind: 'down', server, reason });
      });
      observe(server, bus);
    },
    onStarted: (server, ports) => report({ kind: 'started', server, ports }),
  });
}

/** Certificates that are read anew on SIGHUP. */
function reloadable(certificates: HerdCertificates): HerdCertificates {
  // Without certificates the signal keeps its meaning: the terminal is gone, and the herd with it.
  if (certificates.clients === undefined && certificates.peers === undefined) return certificates;
  process.on('SIGHUP', () => {
    try {
      certificates.reload();
    } catch (error) {
      warn(`the old certificates stay in use: ${(error as Error).message}`);
    }
  });
  return certificates;
}
