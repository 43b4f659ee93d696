import { fileURLToPath } from 'node:url';
import type { ServerId } from '../protocol/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { HerdCertificates } from '../runtime/certificates.js';
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
import { inspectApart } from './inspect.js';
import { warn } from './output.js';
import { secretsOf } from './secrets.js';
import type { Asked } from './upstream.js';

/** Where the built page is. */
const pageFolders = [fileURLToPath(new URL('../../web/window/', import.meta.url))];

/**
 * A host for servers in this process. What they tell of themselves goes to `report`.
 *
 * @param more who sees the bus of every server besides, and how the process ends where somebody starts it again
 */
export function hostFor(
  config: HerdConfig,
  servers: readonly ServerId[],
  asked: Asked,
  report: (report: StatusReport) => void,
  { observe = () => undefined, die }: Partial<Pick<HostEdges, 'observe' | 'die'>> = {},
): Host {
  const turn = new Turn();
  const mode = modeOf(config, servers);
  return new Host({
    config,
    clock: new SystemClock(),
    random: systemRandom,
    ...asked,
    secrets: secretsOf(process.env),
    certificates: reloadable(new HerdCertificates(config.tls)),
    turn,
    network: new InProcessNetwork(turn),
    hosted: new Set(servers),
    mode,
    stage: mode === 'development' ? stageFor(config) : undefined,
    pageFolders,
    inspect: inspectApart,
    die,
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

/** Where scenarios are played beside the herd; what they need is loaded when somebody asks for one. */
function stageFor(config: HerdConfig): Stage {
  let loading: Promise<Stage> | undefined;
  const stage = () =>
    (loading ??= import('./scenario-stage.js').then(({ ScenarioStage }) => new ScenarioStage(config)));
  return {
    shipped: async () => (await stage()).shipped(),
    read: async (story) => (await stage()).read(story),
  };
}

/** A whole herd in one process, which only this machine reaches, is being tried out; NODE_ENV may say otherwise. */
function modeOf(config: HerdConfig, servers: readonly ServerId[]): HerdMode {
  if (process.env['NODE_ENV'] === 'production' || servers.length < config.servers.size) return 'production';
  return [...config.servers.values()].every(({ host }) => isLoopback(host)) ? 'development' : 'production';
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
