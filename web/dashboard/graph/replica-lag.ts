import type { partitionCount } from '../../../src/protocol/place/digest.js';
import type { Server } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { formatCount, formatNumber, formatReach } from '../data/format.js';
import type { Partitions } from '../data/server-messages.js';

/** Replica state of a server, shown beside its name. */
export interface ReplicaLag {
  readonly label: string;
  /** Clients whose newest location the server lacks. */
  readonly missing: number;
}

/** Partitions of a herd on NATS: with all of them, a server holds all clients. */
const allPartitions: typeof partitionCount = 256;

/** Creates a function that compares the locations of a server with the newest ones. */
export function createReplicaLag(locations: Locations): (server: Server, nowMs: number) => ReplicaLag {
  return ({ reach, index, partitions }, nowMs) => {
    if (reach !== 'connected') return { label: formatReach(reach), missing: 0 };
    if (partitions !== undefined && !areAll(partitions)) return { label: formatPartitions(partitions), missing: 0 };
    const missing = locations.countMissing(index, nowMs);
    if (locations.count === 0) return { label: 'up', missing };
    return {
      label: missing === 0 ? `has all ${formatNumber(locations.count)}` : `${formatNumber(missing)} missing`,
      missing,
    };
  };
}

function areAll({ complete, filling, leaving }: Partitions): boolean {
  return complete + filling + leaving === allPartitions;
}

function formatPartitions({ complete, filling }: Partitions): string {
  return filling === 0 ? formatCount(complete, 'partition') : `${complete} of ${complete + filling} partitions`;
}
