import { toHerdLocation } from '../client/location.js';
import type { ServerId } from '../protocol/place/ids.js';
import { HerdCertificates } from '../runtime/sockets/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { configFromObject, loadConfig } from '../runtime/config/load.js';
import { ConfigError } from '../runtime/errors.js';
import { HerdStatus } from '../runtime/host/herd-status.js';
import { selectServers, withAbsolutePaths } from './config.js';
import type { HostOptions } from './create-host.js';
import type { HerdOptions, RunningHerd, ServerAddresses } from './options.js';
import { validateUpstream } from './custom-upstream.js';
import { runServers } from './run-servers.js';

const noop = (): void => undefined;

/** Implements `startHerd` of the package. */
export async function startHerd(options: HerdOptions): Promise<RunningHerd> {
  const { environment = {}, onChange = noop, onWarning = noop } = options;
  const { config, servers } = selectServers(options.servers, loadHerdConfig(options, environment));
  const status = new HerdStatus(servers, config.topology);
  const running = await runServers(config, servers, hostOptionsFor(options, config, status));
  await status.whenReady();
  status.subscribe((change) => {
    try {
      onChange(change);
    } catch (error) {
      // An error of the caller's code must not affect the servers.
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
  // Programs in JavaScript may pass neither.
  const { file, config: inlineConfig }: { readonly file?: unknown; readonly config?: unknown } = options;
  if (file === undefined && inlineConfig === undefined) {
    throw new ConfigError(['startHerd requires { config: ... } or { file: ... }']);
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

function hostOptionsFor(
  { environment = {}, onLearned, onWarning = noop }: HerdOptions,
  config: HerdConfig,
  status: HerdStatus,
): HostOptions {
  return {
    environment,
    certificates: new HerdCertificates(config.tls),
    // Development mode is for the command only.
    mode: 'production',
    warn: onWarning,
    report: (report) => status.record(report),
    observe: (server, bus) => {
      if (onLearned === undefined) return;
      bus.on('locations-learned', ({ batch }) => onLearned(server, Array.from(batch, toHerdLocation)));
    },
  };
}

function listenAddresses(server: ServerId, config: HerdConfig, status: HerdStatus): ServerAddresses {
  const ports = status.portsOf(server);
  const host = config.servers.get(server)?.host;
  if (ports === undefined || host === undefined) throw new Error(`${server} does not listen`);
  return { host, port: ports.client, peerPort: ports.peer, httpPort: ports.http };
}
