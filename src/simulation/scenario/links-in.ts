import type { ServerId } from '../../protocol/place/ids.js';
import { topologyOf, type Topology } from '../../protocol/place/topology.js';
import { engineName } from '../broker/bucket-engine.js';
import type { ScenarioHerd } from './scenario.js';

/** The engine of a herd that spreads by NATS, where it stands among servers: at the end of a way, in a lane. */
export const engine = engineName as ServerId;

/** The ways that there are in a herd, both ways each: between servers that talk, or between each server and the engine. */
export function waysOf({ topology, spread }: Pick<ScenarioHerd, 'topology' | 'spread'>): Topology {
  if (spread === 'flood') return topology;
  const servers = [...topology.keys()];
  return topologyOf(
    [...servers, engine],
    servers.map((server) => [server, engine]),
  );
}
