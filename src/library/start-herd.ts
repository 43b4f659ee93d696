import { herdLocationOf } from '../client/read-location.js';
import { asServerId, type ServerId } from '../protocol/place/ids.js';
import { HerdCertificates } from '../runtime/sockets/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { configOfObject, loadConfig } from '../runtime/config/load.js';
import { ConfigError } from '../runtime/errors.js';
import { HerdStatus } from '../runtime/host/herd-status.js';
import { withAbsolutePaths } from './absolute-paths.js';
import type { Surroundings } from './compose.js';
import type { HerdOptions, RunningHerd, ServerAddresses } from './options.js';
import { ownUpstream } from './custom-upstream.js';
import { runServers } from './run.js';

const nothing = (): void => undefined;

/** See `startHerd` of the package. */
export async function startHerd(options: HerdOptions): Promise<RunningHerd> {
  const { environment = {}, onChange = nothing, onWarning = nothing } = options;
  const config = configOf(options, environment);
  const servers = serversOf(options.servers, config);
  const status = new HerdStatus(servers, config.topology);
  const running = await runServers(config, servers, surroundingsOf(options, config, status));
  await status.ready();
  status.watch((change) => {
    try {
      onChange(change);
    } catch (error) {
      // What a server does must not depend on who looks at it.
      onWarning(`onChange failed: ${String(error)}`);
    }
  });
  let stopping: Promise<void> | undefined;
  return {
    name: config.herd,
    servers: new Map(servers.map((server) => [server, addressesOf(server, config, status)])),
    stop: () => {
      status.unwatch();
      return (stopping ??= running.stop());
    },
  };
}

function configOf(options: HerdOptions, environment: Surroundings['environment']): HerdConfig {
  // A program that is not typed may give neither.
  const { file, config: given }: { readonly file?: unknown; readonly config?: unknown } = options;
  if (file === undefined && given === undefined) {
    throw new ConfigError(['startHerd takes a config, or the file of one: { config: ... } or { file: ... }']);
  }
  const config = options.file === undefined ? configOfObject(options.config) : loadConfig(options.file, environment);
  const { upstream } = options;
  if (upstream === undefined) return withAbsolutePaths(config);
  const { radiusBeyondMax } = config.upstream;
  return withAbsolutePaths({ ...config, upstream: { kind: 'own', upstream: ownUpstream(upstream), radiusBeyondMax } });
}

function serversOf(names: readonly string[] | undefined, { servers, file }: HerdConfig): ServerId[] {
  if (names === undefined) return [...servers.keys()];
  return [...new Set(names)].map((name) => {
    const id = asServerId(name);
    if (id !== undefined && servers.has(id)) return id;
    throw new ConfigError([`${name} is no server of ${file}; its servers are ${[...servers.keys()].join(', ')}`]);
  });
}

function surroundingsOf(
  { environment = {}, onLearned, onWarning = nothing }: HerdOptions,
  config: HerdConfig,
  status: HerdStatus,
): Surroundings {
  return {
    environment,
    certificates: new HerdCertificates(config.tls),
    // Only the command is there to try a herd out.
    mode: 'production',
    warn: onWarning,
    report: (report) => status.note(report),
    observe: (server, bus) => {
      if (onLearned === undefined) return;
      bus.on('locations-learned', ({ locations }) => onLearned(server, locations.map(herdLocationOf)));
    },
  };
}

function addressesOf(server: ServerId, config: HerdConfig, status: HerdStatus): ServerAddresses {
  const ports = status.portsOf(server);
  const host = config.servers.get(server)?.host;
  if (ports === undefined || host === undefined) throw new Error(`${server} does not listen`);
  return { host, port: ports.client, peerPort: ports.peer, httpPort: ports.http };
}
