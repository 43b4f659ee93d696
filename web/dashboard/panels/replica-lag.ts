import type { Standing } from '../graph/graph.js';
import type { Server } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { number, reachWord } from '../data/format.js';

/** How a server stands that the page hears: what it holds of what is newest. */
export function standingIn(locations: Locations): (server: Server, nowMs: number) => Standing {
  return ({ reach, index, hold }, nowMs) => {
    if (reach !== 'reached') return { words: reachWord(reach), missing: 0 };
    // It is right to lack the others.
    if (hold === 'touched') return { words: 'holds some', missing: 0 };
    const missing = locations.missing(index, nowMs);
    if (locations.count === 0) return { words: 'up', missing };
    return { words: missing === 0 ? `has all ${number(locations.count)}` : `${number(missing)} behind`, missing };
  };
}
