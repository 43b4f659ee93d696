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
import type { Environment } from './environment.js';
import { inspectInSubprocess } from './inspect-in-subprocess.js';
import { loadSecrets } from './load-secrets.js';

/** Folders of the built dashboard. */
export const pageFolders = [fileURLToPath(new URL('dist/web/page/', packageFolder))];

/** What servers reach besides each other. */
interface ExternalServices extends UpstreamBinding {
  readonly bucketOf: HostDependencies['bucketOf'];
}

/** What the program around servers gives them, and what it hears of them. */
export interface HostOptions {
  readonly environment: Environment;
  readonly certificates: HerdCertificates;
  /** Hears of trouble that no server's log can tell of. */
  readonly warn: (text: string) => void;
  /** Hears what servers tell of themselves. */
  readonly report: (report: StatusReport) => void;
  /** Sees the bus of every server before anything happens on it. */
  readonly observe: HostDependencies['observe'];
  /** Ends the process; left out where nobody would start it again. */
  readonly exitProcess?: HostDependencies['exitProcess'];
  readonly mode: HostDependencies['mode'];
}

/**
 * A host for servers in this process.
 * @throws ConfigError for a secret that is none
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
      bus.on('bucket', ({ state, reason }) => report({ kind: 'bucket', server, state, reason }));
      bus.on('server', ({ state, reason }) => {
        if (state === 'failed') report({ kind: 'down', server, reason });
      });
      observe(server, bus);
    },
    onStarted: (server, ports) => report({ kind: 'started', server, ports }),
  });
}
