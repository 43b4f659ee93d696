import type { Action, Edge } from '../scenario/scenario.js';
import { engine } from '../scenario/links-in.js';

/** What runs meet sometimes, if they are worth anything: each fault, and each way in which a herd gets over one. */
export const paths = [
  'a herd that floods',
  'a herd that spreads by NATS',
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
  'engine: down',
  'engine: full',
  'engine: stale',
  'engine: wiped',
  'cut, from the engine',
  'stall, of the engine',
  'slow, to the engine',
  'partition, with the engine',
  "a server's clock was found to be wrong",
  'a link backed off',
  'a call was refused',
  'a connection was reset',
  'a call got no hello in time',
  'a silent neighbour was found',
  'a wire was replaced by a new call',
  'a caller was turned away',
  'a client was turned away',
  'a comparison found buckets that differ',
  'a neighbour caught up',
  'a catch-up took more than one page',
  'live neighbours were found to differ',
  'a location waited for room',
  'what waited for a neighbour was dropped',
  'a location was forgotten for want of room',
  'a server came back empty',
  'a server came back from its disk',
  'the herd was asked for a client',
  'a search found nobody',
  'a search found a client',
  'a command was invalid',
  'a question was answered with the error of the upstream',
  'an answer never came',
  'the engine refused a call',
  'the engine gave no answer to a call',
  'a connection to the engine was reset',
  'a silent engine was found',
  'a bucket that was deleted was found to be gone',
  'a bucket was loaded again',
  'a bucket was blocked',
  'a write was in conflict with another',
  'a write was not answered in time',
  'a question was answered with what is out of date',
  'what the bucket lacked was written by who had it from another',
  'a bucket that was wiped was filled again',
  'a write of before came into a bucket that was made anew',
] as const;

/** One of them. */
export type Path = (typeof paths)[number];

/** The faults of a step. */
export function pathsOf(action: Action): Path[] {
  switch (action.kind) {
    case 'crash':
      return [action.memory === 'lost' ? 'crash' : 'crash, keep: disk'];
    case 'restart':
    case 'pause':
    case 'resume':
      return [action.kind];
    case 'stall':
      return touchesEngine(action.edges) ? ['stall, of the engine'] : ['stall'];
    case 'partition':
      return action.groups.flat().includes(engine) ? ['partition, with the engine'] : ['partition'];
    case 'cut':
      if (touchesEngine(action.edges)) return ['cut, from the engine'];
      return [action.edges.length === 1 ? 'cut, oneway' : 'cut'];
    case 'slow': {
      if (touchesEngine(action.edges)) return ['slow, to the engine'];
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
    case 'engine':
      return action.change === 'up' ? [] : [`engine: ${action.change}`];
    case 'report':
    case 'ask':
    case 'expect':
      return [];
  }
}

function touchesEngine(edges: readonly Edge[]): boolean {
  return edges.some(({ from, to }) => from === engine || to === engine);
}
