import type { ServerId } from '../../protocol/place/ids.js';
import type { Scenario } from './scenario.js';

/** Returns the servers that run from the start: all but those whose first change is that they join. */
export function initialServers({ herd, steps }: Pick<Scenario, 'herd' | 'steps'>): ServerId[] {
  return [...herd.topology.keys()].filter((server) => firstChangeOf(server, steps) !== 'join');
}

function firstChangeOf(server: ServerId, steps: Scenario['steps']): string | undefined {
  for (const { action } of steps) {
    switch (action.kind) {
      case 'crash':
      case 'restart':
      case 'pause':
      case 'resume':
      case 'join':
      case 'leave':
        if (action.servers.includes(server)) return action.kind;
        break;
      default:
        break;
    }
  }
  return undefined;
}
