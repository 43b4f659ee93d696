import type { ClientId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { WorldEvent } from '../environment.js';

/*
 * What the process of a watched server and its parent say to each other, over Node's channel between them.
 */

/** Asked by the parent; of the store alone, so that the herd is not asked. */
export type WatchQuestion =
  | { readonly kind: 'holds'; readonly question: number; readonly client: ClientId }
  | { readonly kind: 'digest'; readonly question: number };

/** Told by the process. */
export type WatchReport =
  | StatusReport
  /** Something happened on the server's bus. */
  | { readonly kind: 'seen'; readonly event: WorldEvent }
  /** What the store holds of a client; no location if nothing. */
  | { readonly kind: 'held'; readonly question: number; readonly location?: Location | undefined }
  | { readonly kind: 'digested'; readonly question: number; readonly digest: string };

/** A report as it came over the channel: there a location is its line. */
export function reviveReport(received: WatchReport): WatchReport {
  switch (received.kind) {
    case 'held':
      return { ...received, location: received.location && revive(received.location) };
    case 'seen':
      return { ...received, event: reviveEvent(received.event) };
    default:
      return received;
  }
}

function reviveEvent(event: WorldEvent): WorldEvent {
  switch (event.kind) {
    case 'learned':
    case 'forgotten':
      return { ...event, location: revive(event.location) };
    case 'started':
      return { ...event, remembered: event.remembered.map(revive) };
    default:
      return event;
  }
}

/** @param line what `Location.toJSON` made of a location */
function revive(line: unknown): Location {
  const location = parseAt(String(line));
  if (location === undefined) throw new Error(`a watched process told of ${String(line)}, which is no AT line`);
  return location;
}
