import { toHerdLocation } from '../client/read-location.js';
import { asServerId, type ServerId } from '../protocol/place/ids.js';
import { HerdCertificates } from '../runtime/sockets/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { configFromObject, loadConfig } from '../runtime/config/load.js';
import { ConfigError } from '../runtime/errors.js';
import { HerdStatus } from '../runtime/host/herd-status.js';
import { withAbsolutePaths } from './absolute-paths.js';
import type { HostOptions } from './create-host.js';
import type { HerdOptions, RunningHerd, ServerAddresses } from './options.js';
import { validateUpstream } from './custom-upstream.js';
import { runServers } from './run-servers.js';

const noop = (): void => undefined;

/** See `startHerd` of the package. */
export async function startHerd(options: HerdOptions): Promise<RunningHerd> {
  const { environment = {}, onChange = noop, onWarning = noop } = options;
  const config = loadHerdConfig(options, environment);
  const servers = selectServers(options.servers, config);
  const status = new HerdStatus(servers, config.topology);
  const running = await runServers(config, servers, hostOptionsFor(options, config, status));
  await status.whenReady();
  status.subscribe((change) => {
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
    servers: new Map(servers.map((server) => [server, listenAddresses(server, config, status)])),
    stop: () => {
      status.unsubscribe();
      return (stopping ??= running.stop());
    },
  };
}

function loadHerdConfig(options: HerdOptions, environment: HostOptions['environment']): HerdConfig {
  // A program that is not typed may give neither.
  const { file, config: inlineConfig }: { readonly file?: unknown; readonly config?: unknown } = options;
  if (file === undefined && inlineConfig === undefined) {
    throw new ConfigError(['startHerd takes a config, or the file of one: { config: ... } or { file: ... }']);
  }
  const config = options.file === undefined ? configFromObject(options.config) : loadConfig(options.file, environment);
  const { upstream } = options;
  if (upstream === undefined) return withAbsolutePaths(config);
  const { radiusBeyondMax } = config.upstream;
  return withAbsolutePaths({
    ...config,
    upstream: { kind: 'custom', upstream: validateUpstream(upstream), radiusBeyondMax },
  });
}

function selectServers(names: readonly string[] | undefined, { servers, file }: HerdConfig): ServerId[] {
  if (names === undefined) return [...servers.keys()];
  return [...new Set(names)].map((name) => {
    const id = asServerId(name);
    if (id !== undefined && servers.has(id)) return id;
    throw new ConfigError([`${name} is no server of ${file}; its servers are ${[...servers.keys()].join(', ')}`]);
  });
}

function hostOptionsFor(
  { environment = {}, onLearned, onWarning = noop }: HerdOptions,
  config: HerdConfig,
  status: HerdStatus,
): HostOptions {
  return {
    environment,
    certificates: new HerdCertificates(config.tls),
    // Only the command is there to try a herd out.
    mode: 'production',
    warn: onWarning,
    report: (report) => status.record(report),
    observe: (server, bus) => {
      if (onLearned === undefined) return;
      bus.on('locations-learned', ({ locations }) => onLearned(server, locations.map(toHerdLocation)));
    },
  };
}

function listenAddresses(server: ServerId, config: HerdConfig, status: HerdStatus): ServerAddresses {
  const ports = status.portsOf(server);
  const host = config.servers.get(server)?.host;
  if (ports === undefined || host === undefined) throw new Error(`${server} does not listen`);
  return { host, port: ports.client, peerPort: ports.peer, httpPort: ports.http };
}
