import type { Server } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { formatNumber, formatReach } from '../data/format.js';

/** Replica state of a server, shown beside its name. */
export interface ReplicaLag {
  readonly label: string;
  /** Clients whose newest location the server lacks. */
  readonly missing: number;
}

/** Creates a function that compares the locations of a server with the newest ones. */
export function createReplicaLag(locations: Locations): (server: Server, nowMs: number) => ReplicaLag {
  return ({ reach, index, hold }, nowMs) => {
    if (reach !== 'connected') return { label: formatReach(reach), missing: 0 };
    // A partial replica may lack clients.
    if (hold === 'touched') return { label: 'partial replica', missing: 0 };
    const missing = locations.countMissing(index, nowMs);
    if (locations.count === 0) return { label: 'up', missing };
    return {
      label: missing === 0 ? `has all ${formatNumber(locations.count)}` : `${formatNumber(missing)} missing`,
      missing,
    };
  };
}
