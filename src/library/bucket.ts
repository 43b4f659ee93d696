import type { HerdConfig } from '../runtime/config/herd-config.js';
import { bucketSettingsFor } from '../runtime/config/replication-config.js';
import { ConfigError } from '../runtime/errors.js';
import type { HostDependencies } from '../runtime/host/hosted-server.js';

/** @throws ConfigError if the environment lacks what it takes to open the herd's buckets */
export function requireBuckets({ missingBucketVariables }: HerdConfig): void {
  if (missingBucketVariables.length > 0) throw new ConfigError(missingBucketVariables);
}

/**
 * The buckets that servers of a herd spread locations by; undefined for a herd without one, which loads nothing of NATS.
 * @throws ConfigError
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
