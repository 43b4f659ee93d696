import type { Action, Edge } from '../scenario/scenario.js';
import { broker, isBrokerNode } from '../scenario/links-in.js';

/** What the runs of a fuzz session should meet: each fault, and each recovery path. */
export const coverageGoals = [
  'a herd that replicates by flooding',
  'a herd that replicates through NATS',
  'crash',
  'crash, keep: disk',
  'restart',
  'pause',
  'resume',
  'cut',
  'cut, oneway',
  'stall',
  'slow, delay',
  'slow, bandwidth',
  'slow, loss',
  'partition',
  'heal: all',
  'heal: partition',
  'heal: an edge',
  'clock, jump',
  'clock, drift',
  'phone, clock',
  'upstream: down',
  'upstream: slow',
  'upstream: garbage',
  'join',
  'leave',
  'broker: down',
  'broker: a node down',
  'cut, from the broker',
  'stall, of the broker',
  'slow, to the broker',
  'a fault between broker nodes',
  'partition, with the broker',
  'a wrong server clock was detected',
  'a link backed off',
  'a connection was refused',
  'a connection was reset',
  'a handshake timed out',
  'a heartbeat timeout was detected',
  'a connection was replaced by a new one',
  'a peer was rejected',
  'a client was rejected',
  'a comparison found differences',
  'a neighbour caught up',
  'a catch-up took more than one page',
  'live neighbours were found to differ',
  'a peer link had backpressure',
  'a peer output buffer was dropped',
  'a location was evicted from a full store',
  'a server restarted empty',
  'a server restarted from its disk',
  'a client was looked up',
  'a lookup found no client',
  'a lookup found a client',
  'a command was invalid',
  'a query was answered with an upstream error',
  'a response was lost',
  'the broker refused a connection',
  'the broker did not answer a connection attempt',
  'a connection to the broker was reset',
  'a silent broker was detected',
  'a member was removed',
  'a member announced that it leaves',
  'a partition was filled from another server',
  'a partition was filled again',
  'a partition was handed over',
  'a partition was dropped',
  'a partition was to be dropped, and then kept',
  'a location was moved to other servers',
  'holders were found to differ',
  'a holder confirmed reports',
  'a holder asked for reports that it had missed',
  'a report was published again',
  'a client of another server was located',
  'a client of another server was not located',
] as const;

/** One of `coverageGoals`. */
export type CoverageGoal = (typeof coverageGoals)[number];

/** Returns the goals met by the faults of a step. */
export function coverageGoalsFor(action: Action): CoverageGoal[] {
  switch (action.kind) {
    case 'crash':
      return [action.memory === 'lost' ? 'crash' : 'crash, keep: disk'];
    case 'restart':
    case 'pause':
    case 'resume':
    case 'join':
    case 'leave':
      return [action.kind];
    case 'stall':
      if (isBetweenNodes(action.edges)) return ['a fault between broker nodes'];
      return involvesBroker(action.edges) ? ['stall, of the broker'] : ['stall'];
    case 'partition':
      return action.groups.flat().some(isBrokerNode) ? ['partition, with the broker'] : ['partition'];
    case 'cut':
      if (isBetweenNodes(action.edges)) return ['a fault between broker nodes'];
      if (involvesBroker(action.edges)) return ['cut, from the broker'];
      return [action.edges.length === 1 ? 'cut, oneway' : 'cut'];
    case 'slow': {
      if (isBetweenNodes(action.edges)) return ['a fault between broker nodes'];
      if (involvesBroker(action.edges)) return ['slow, to the broker'];
      const { delay, bytesPerSecond, loss } = action.conditions;
      return [
        ...(delay === undefined ? [] : (['slow, delay'] as const)),
        ...(bytesPerSecond === undefined ? [] : (['slow, bandwidth'] as const)),
        ...(loss === undefined ? [] : (['slow, loss'] as const)),
      ];
    }
    case 'heal':
      return [typeof action.what === 'string' ? (`heal: ${action.what}` as const) : 'heal: an edge'];
    case 'clock':
      return [
        ...(action.jumpMs === 0 ? [] : (['clock, jump'] as const)),
        ...(action.drift === undefined ? [] : (['clock, drift'] as const)),
      ];
    case 'phone':
      return action.clockMs === 0 ? [] : ['phone, clock'];
    case 'upstream':
      return action.state === 'up' ? [] : [`upstream: ${action.state}`];
    case 'broker':
      if (action.state === 'up') return [];
      return [action.nodes.length > 1 || action.nodes.includes(broker) ? 'broker: down' : 'broker: a node down'];
    case 'report':
    case 'query':
    case 'expect':
      return [];
  }
}

function involvesBroker(edges: readonly Edge[]): boolean {
  return edges.some(({ from, to }) => isBrokerNode(from) || isBrokerNode(to));
}

function isBetweenNodes(edges: readonly Edge[]): boolean {
  return edges.some(({ from, to }) => isBrokerNode(from) && isBrokerNode(to));
}
