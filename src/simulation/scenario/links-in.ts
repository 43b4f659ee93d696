import type { ServerId } from '../../protocol/place/ids.js';
import { buildTopology, type Topology } from '../../protocol/place/topology.js';
import { brokerName } from '../broker/bucket-engine.js';
import type { ScenarioHerd } from './scenario.js';

/** The broker's name where it is used like a server: at the end of a link, or as a lane. */
export const broker = brokerName as ServerId;

/** The links of a herd, in both directions: between servers, or between each server and the broker. */
export function linksIn({ topology, replication }: Pick<ScenarioHerd, 'topology' | 'replication'>): Topology {
  if (replication === 'flood') return topology;
  const servers = [...topology.keys()];
  return buildTopology(
    [...servers, broker],
    servers.map((server) => [server, broker]),
  );
}
