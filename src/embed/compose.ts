import { fileURLToPath } from 'node:url';
import type { ServerId } from '../protocol/ids.js';
import type { HerdCertificates } from '../runtime/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { StatusReport } from '../runtime/herd-status.js';
import { Host } from '../runtime/host.js';
import type { HostEdges } from '../runtime/hosted-server.js';
import type { HerdMode } from '../runtime/http/http-edges.js';
import { InProcessNetwork } from '../runtime/in-process-transport.js';
import { isLoopback } from '../runtime/listening.js';
import type { Stage } from '../runtime/stage.js';
import { SystemClock } from '../runtime/system-clock.js';
import { systemRandom } from '../runtime/system-random.js';
import { Turn } from '../runtime/turn.js';
import type { Environment } from './environment.js';
import { inspectApart } from './inspect.js';
import { secretsOf } from './secrets.js';
import type { Asked } from './upstream.js';

/** Where the built page is. */
const pageFolders = [fileURLToPath(new URL('../../web/window/', import.meta.url))];

/** What servers reach besides each other. */
interface Reached extends Asked {
  readonly bucketOf: HostEdges['bucketOf'];
}

/** What the program around servers gives them, and what it hears of them. */
export interface Surroundings {
  readonly environment: Environment;
  readonly certificates: HerdCertificates;
  /** Hears of trouble that no server's log can tell of. */
  readonly warn: (text: string) => void;
  /** Hears what servers tell of themselves. */
  readonly report: (report: StatusReport) => void;
  /** Sees the bus of every server before anything happens on it. */
  readonly observe: HostEdges['observe'];
  /** Ends the process; left out where nobody would start it again. */
  readonly die?: HostEdges['die'];
  /** Where scenarios are played beside a herd that is tried out; left out for nowhere. */
  readonly stageFor?: (config: HerdConfig) => Stage;
}

/**
 * A host for servers in this process.
 * @throws ConfigError for a secret that is none
 */
export function hostFor(
  config: HerdConfig,
  servers: readonly ServerId[],
  reached: Reached,
  { environment, certificates, warn, report, observe, die, stageFor }: Surroundings,
): Host {
  const mode = modeOf(config, servers, environment);
  const turn = new Turn();
  return new Host({
    config,
    clock: new SystemClock(),
    random: systemRandom,
    ...reached,
    secrets: secretsOf(environment),
    certificates,
    turn,
    network: new InProcessNetwork(turn),
    hosted: new Set(servers),
    mode,
    stage: mode === 'development' ? stageFor?.(config) : undefined,
    pageFolders,
    inspect: inspectApart,
    die,
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

/** A whole herd in one process, which only this machine reaches, is being tried out; NODE_ENV may say otherwise. */
function modeOf(config: HerdConfig, servers: readonly ServerId[], environment: Environment): HerdMode {
  if (environment['NODE_ENV'] === 'production' || servers.length < config.servers.size) return 'production';
  return [...config.servers.values()].every(({ host }) => isLoopback(host)) ? 'development' : 'production';
}
