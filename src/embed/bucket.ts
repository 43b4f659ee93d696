import type { HerdConfig } from '../runtime/config/herd-config.js';
import { bucketFor } from '../runtime/config/spread-choice.js';
import type { HostEdges } from '../runtime/hosted-server.js';

/** The buckets that servers of a herd spread locations by; undefined for a herd without one, which loads nothing of NATS. */
export async function bucketsOf(config: HerdConfig): Promise<HostEdges['bucketOf']> {
  if (config.spread.kind === 'flood' && config.bridge === undefined) return undefined;
  const { NatsBucket } = await import('../runtime/nats/nats-bucket.js');
  return (server) => {
    const settings = bucketFor(config, server);
    if (settings === undefined) throw new Error(`${server} has no bucket in ${config.file}`);
    return new NatsBucket(settings, `herd ${config.herd}, ${server}`);
  };
}
