import { resolve } from 'node:path';
import { asServerId, type ServerId } from '../protocol/place/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { natsSettingsFor, resolveFilePaths } from '../runtime/config/replication-config.js';
import { ConfigError } from '../runtime/errors.js';
import type { HostDependencies } from '../runtime/host/hosted-server.js';

/** Makes all paths of a config absolute: the working directory may change or be deleted while servers run. */
export function withAbsolutePaths(config: HerdConfig): HerdConfig {
  return {
    ...config,
    log: config.log && { ...config.log, dir: resolve(config.log.dir) },
    storePath: config.storePath && resolve(config.storePath),
    replication: config.replication.kind === 'flood' ? config.replication : resolveFilePaths(config.replication),
    bridge: config.bridge && resolveFilePaths(config.bridge),
  };
}

/** Servers to start, and the config in which all of them have endpoints. */
export interface ServerSelection {
  readonly config: HerdConfig;
  readonly servers: readonly ServerId[];
}

/**
 * Selects the servers to start.
 * @param names undefined for all listed servers
 * @throws ConfigError if the herd can have no server of a name
 */
export function selectServers(names: readonly string[] | undefined, config: HerdConfig): ServerSelection {
  if (names === undefined) return { config, servers: listedServers(config) };
  const servers = [...new Set(names)].map((name) => {
    const id = asServerId(name);
    return config.otherServers !== undefined && id !== undefined ? id : selectServer(name, config);
  });
  return { config: withEndpoints(servers, config), servers };
}

/**
 * Resolves the name of a listed server to its ID.
 * @throws ConfigError if no server of that name is listed
 */
export function selectServer(name: string, config: HerdConfig): ServerId {
  const { servers, otherServers, file } = config;
  const id = asServerId(name);
  if (id !== undefined && servers.has(id)) return id;
  const expected = listedServers(config).join(', ');
  throw new ConfigError([
    otherServers === undefined
      ? `unknown server ${name} in ${file} (expected one of: ${expected})`
      : `${name} is not listed in ${file}, so its address is not known (expected one of: ${expected})`,
  ]);
}

/**
 * Returns the listed servers.
 * @throws ConfigError if there are none, only `"*"`
 */
export function listedServers({ servers, file }: HerdConfig): ServerId[] {
  if (servers.size > 0) return [...servers.keys()];
  throw new ConfigError([`${file} lists no server, only "*": name the servers to start, or list those to connect to`]);
}

/** Adds servers that are not listed to a config. */
function withEndpoints(started: readonly ServerId[], config: HerdConfig): HerdConfig {
  const { otherServers } = config;
  const unlisted = started.filter((server) => !config.servers.has(server));
  if (otherServers === undefined || unlisted.length === 0) return config;
  return {
    ...config,
    servers: new Map([...config.servers, ...unlisted.map((server) => [server, otherServers] as const)]),
    topology: new Map([...config.topology, ...unlisted.map((server) => [server, []] as const)]),
  };
}

/** @throws ConfigError if environment variables for NATS are not set */
export function requireNatsVariables({ missingNatsVariables }: HerdConfig): void {
  if (missingNatsVariables.length > 0) throw new ConfigError(missingNatsVariables);
}

/**
 * Returns a factory of the servers' connections to NATS; undefined for a herd without NATS, which does not load its packages.
 * @throws ConfigError if environment variables for NATS are not set
 */
export async function createPubSubs(config: HerdConfig): Promise<HostDependencies['pubSubOf']> {
  if (config.replication.kind === 'flood' && config.bridge === undefined) return undefined;
  requireNatsVariables(config);
  const { NatsPubSub } = await import('../runtime/nats/nats-pub-sub.js');
  return (server) => {
    const settings = natsSettingsFor(config, server);
    if (settings === undefined) throw new Error(`${server} does not use NATS in ${config.file}`);
    return new NatsPubSub(settings, `herd ${config.herd}, ${server}`);
  };
}
