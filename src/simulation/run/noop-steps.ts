import type { ServerId } from '../../protocol/place/ids.js';
import type { Action } from '../scenario/scenario.js';
import type { HerdView } from './herd-view.js';

/** Returns a warning for each server on which a step has no effect, which is most likely a mistake in the scenario. */
export function noopWarnings(action: Action, view: HerdView): string[] {
  switch (action.kind) {
    case 'crash':
    case 'restart':
    case 'pause':
    case 'resume':
    case 'join':
    case 'leave':
      return action.servers.flatMap((server) => noopWarning(action.kind, server, view) ?? []);
    default:
      return [];
  }
}

function noopWarning(
  change: 'crash' | 'restart' | 'pause' | 'resume' | 'join' | 'leave',
  server: ServerId,
  view: HerdView,
): string | undefined {
  const isUp = view.isUp(server);
  const isPaused = view.paused.has(server);
  switch (change) {
    case 'crash':
    case 'leave':
      return isUp ? undefined : `${server} is down already`;
    case 'restart':
    case 'join':
      return isUp ? `${server} is up already` : undefined;
    case 'pause':
      if (!isUp) return `${server} is down, and cannot be paused`;
      return isPaused ? `${server} is paused already` : undefined;
    case 'resume':
      return isPaused ? undefined : `${server} is not paused`;
  }
}
