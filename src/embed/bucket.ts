import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { HostEdges } from '../runtime/hosted-server.js';

/** The buckets that the servers of a herd spread locations by; undefined for a herd that floods, which loads nothing of NATS. */
export async function bucketsOf({ spread, herd }: HerdConfig): Promise<HostEdges['bucketOf']> {
  if (spread.kind === 'flood') return undefined;
  const { NatsBucket } = await import('../runtime/nats/nats-bucket.js');
  return (server) => new NatsBucket(spread, `herd ${herd}, ${server}`);
}
