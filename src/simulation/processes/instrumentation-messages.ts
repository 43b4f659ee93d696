import type { ClientId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { SimulationEvent } from '../environment.js';

/*
 * What the process of a watched server and its parent say to each other, over Node's channel between them.
 */

/** Asked by the parent; of the store alone, so that the herd is not asked. */
export type InstrumentationRequest =
  | { readonly kind: 'read-location'; readonly requestId: number; readonly client: ClientId }
  | { readonly kind: 'read-digest'; readonly requestId: number };

/** Told by the process. */
export type InstrumentationReport =
  | StatusReport
  /** Something happened on the server's bus. */
  | { readonly kind: 'event'; readonly event: SimulationEvent }
  /** What the store holds of a client; no location if nothing. */
  | { readonly kind: 'stored-location'; readonly requestId: number; readonly location?: Location | undefined }
  | { readonly kind: 'store-digest'; readonly requestId: number; readonly digest: string };

/** A report as it came over the channel: there a location is its line. */
export function reviveReport(report: InstrumentationReport): InstrumentationReport {
  switch (report.kind) {
    case 'stored-location':
      return { ...report, location: report.location && reviveLocation(report.location) };
    case 'event':
      return { ...report, event: reviveEvent(report.event) };
    default:
      return report;
  }
}

function reviveEvent(event: SimulationEvent): SimulationEvent {
  switch (event.kind) {
    case 'learned':
    case 'evicted':
      return { ...event, location: reviveLocation(event.location) };
    case 'started':
      return { ...event, restored: event.restored.map(reviveLocation) };
    default:
      return event;
  }
}

/** @param line what `Location.toJSON` made of a location */
function reviveLocation(line: unknown): Location {
  const location = parseAt(String(line));
  if (location === undefined) throw new Error(`a watched process told of ${String(line)}, which is no AT line`);
  return location;
}
