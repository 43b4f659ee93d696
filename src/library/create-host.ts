import { fileURLToPath } from 'node:url';
import type { ServerId } from '../protocol/place/ids.js';
import type { HerdCertificates } from '../runtime/sockets/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { stackOrMessage } from '../runtime/errors.js';
import type { StatusReport } from '../runtime/host/herd-status.js';
import { Host } from '../runtime/host/host.js';
import type { HostDependencies } from '../runtime/host/hosted-server.js';
import { InProcessNetwork } from '../runtime/sockets/in-process-transport.js';
import { packageFolder } from '../runtime/host/package-folder.js';
import { SystemClock, systemRandom } from '../runtime/time/system-clock.js';
import { Turn } from '../runtime/time/turn.js';
import type { UpstreamBinding } from '../upstreams/upstream-binding.js';
import { inspectInSubprocess } from './inspect-in-subprocess.js';
import type { Environment } from './options.js';
import { loadSecrets } from './secrets.js';

/** Folders of the built dashboard. */
export const pageFolders = [fileURLToPath(new URL('dist/web/page/', packageFolder))];

/** External services that servers use. */
interface ExternalServices extends UpstreamBinding {
  readonly pubSubOf: HostDependencies['pubSubOf'];
}

/** Options that the command and the library give to the servers of a process, and callbacks for their reports. */
export interface HostOptions {
  readonly environment: Environment;
  readonly certificates: HerdCertificates;
  /** Called with problems that no server's log can report. */
  readonly warn: (text: string) => void;
  /** Called with the status reports of the servers. */
  readonly report: (report: StatusReport) => void;
  /** Called with the bus of each server before anything is published on it. */
  readonly observe: HostDependencies['observe'];
  /** Ends the process; left out if no parent would restart it. */
  readonly exitProcess?: HostDependencies['exitProcess'];
  readonly mode: HostDependencies['mode'];
}

/**
 * Creates the host of the servers in this process.
 * @throws ConfigError if HERD_SECRET is too short
 */
export function createHost(
  config: HerdConfig,
  servers: readonly ServerId[],
  services: ExternalServices,
  { environment, certificates, warn, report, observe, exitProcess, mode }: HostOptions,
): Host {
  const turn = new Turn((error) => warn(`a write failed: ${stackOrMessage(error)}`));
  return new Host({
    config,
    clock: new SystemClock(),
    random: systemRandom,
    ...services,
    secrets: loadSecrets(environment),
    overwritesBuffers: environment['HERD_DEBUG_BUFFERS'] === '1',
    certificates,
    turn,
    network: new InProcessNetwork(turn.deliveries),
    hosted: new Set(servers),
    mode,
    pageFolders,
    inspect: inspectInSubprocess,
    exitProcess,
    warn,
    observe: (server, bus) => {
      bus.on('link', ({ neighbour, state, reason }) => report({ kind: 'link', server, neighbour, state, reason }));
      bus.on('nats', ({ state, reason }) => report({ kind: 'nats', server, state, reason }));
      bus.on('server', ({ state, reason }) => {
        if (state === 'failed') report({ kind: 'down', server, reason });
      });
      observe(server, bus);
    },
    onStarted: (server, ports) => report({ kind: 'started', server, ports }),
  });
}
