import type { ReplicaLag } from '../graph/graph.js';
import type { Server } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { formatNumber, formatReach } from '../data/format.js';

/** How a server stands that the page hears: what it holds of what is newest. */
export function createReplicaLag(locations: Locations): (server: Server, nowMs: number) => ReplicaLag {
  return ({ reach, index, hold }, nowMs) => {
    if (reach !== 'connected') return { label: formatReach(reach), missing: 0 };
    // It is right to lack the others.
    if (hold === 'touched') return { label: 'holds some', missing: 0 };
    const missing = locations.countMissing(index, nowMs);
    if (locations.count === 0) return { label: 'up', missing };
    return {
      label: missing === 0 ? `has all ${formatNumber(locations.count)}` : `${formatNumber(missing)} behind`,
      missing,
    };
  };
}
