import type { ClientId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { SimulationEvent } from '../environment.js';

/* Messages between the process of an instrumented server and its parent, over Node's IPC channel. */

/** Sent by the parent. Requests read the store only, without a lookup. */
export type InstrumentationRequest =
  | { readonly kind: 'read-location'; readonly requestId: number; readonly client: ClientId }
  | { readonly kind: 'read-digest'; readonly requestId: number };

/** Sent by the process. */
export type InstrumentationReport =
  | StatusReport
  /** An event on the server's bus. */
  | { readonly kind: 'event'; readonly event: SimulationEvent }
  /** What the store holds for a client; no location if nothing. */
  | { readonly kind: 'stored-location'; readonly requestId: number; readonly location?: Location | undefined }
  | { readonly kind: 'store-digest'; readonly requestId: number; readonly digest: string };

/** Restores a report received over the channel, where a location is its AT line. */
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

/** @param line the result of `Location.toJSON` */
function reviveLocation(line: unknown): Location {
  const location = parseAt(String(line));
  if (location === undefined) throw new Error(`an instrumented process sent an invalid AT line: ${String(line)}`);
  return location;
}
