import { resolve } from 'node:path';
import { asServerId, type ServerId } from '../protocol/place/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { bucketSettingsFor, resolveFilePaths } from '../runtime/config/replication-config.js';
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

/**
 * Resolves server names to IDs, without duplicates.
 * @throws ConfigError if the herd has no server of that name
 */
export function selectServers(names: readonly string[], config: HerdConfig): ServerId[] {
  return [...new Set(names)].map((name) => selectServer(name, config));
}

/**
 * Resolves a server name to its ID.
 * @throws ConfigError if the herd has no server of that name
 */
export function selectServer(name: string, { servers, file }: HerdConfig): ServerId {
  const id = asServerId(name);
  if (id !== undefined && servers.has(id)) return id;
  throw new ConfigError([`unknown server ${name} in ${file} (expected one of: ${[...servers.keys()].join(', ')})`]);
}

/** @throws ConfigError if environment variables for the herd's buckets are not set */
export function requireBuckets({ missingBucketVariables }: HerdConfig): void {
  if (missingBucketVariables.length > 0) throw new ConfigError(missingBucketVariables);
}

/**
 * Returns a factory of the servers' buckets; undefined for a herd without a bucket, which loads none of the NATS packages.
 * @throws ConfigError if environment variables for the buckets are not set
 */
export async function bucketsOf(config: HerdConfig): Promise<HostDependencies['bucketOf']> {
  if (config.replication.kind === 'flood' && config.bridge === undefined) return undefined;
  requireBuckets(config);
  const { NatsBucket } = await import('../runtime/nats/nats-bucket.js');
  return (server) => {
    const settings = bucketSettingsFor(config, server);
    if (settings === undefined) throw new Error(`${server} has no bucket in ${config.file}`);
    return new NatsBucket(settings, `herd ${config.herd}, ${server}`);
  };
}
