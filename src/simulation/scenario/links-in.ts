import type { ServerId } from '../../protocol/place/ids.js';
import { buildTopology, type Topology } from '../../protocol/place/topology.js';
import { brokerName } from '../broker/bucket-engine.js';
import type { ScenarioHerd } from './scenario.js';

/** The broker of a herd that spreads by NATS, where it stands among servers: at the end of a way, in a lane. */
export const broker = brokerName as ServerId;

/** The ways that there are in a herd, both ways each: between servers that talk, or between each server and the broker. */
export function linksIn({ topology, replication }: Pick<ScenarioHerd, 'topology' | 'replication'>): Topology {
  if (replication === 'flood') return topology;
  const servers = [...topology.keys()];
  return buildTopology(
    [...servers, broker],
    servers.map((server) => [server, broker]),
  );
}
