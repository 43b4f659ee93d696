import type { ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';
import { locationReportKey, commandReportKey } from './report-keys.js';
import { UndisturbedLinks } from './undisturbed-links.js';

/**
 * Link end reason after a killed process: its operating system resets the connection after delivering what the process had
 * written.
 */
const connectionResetReason = 'ECONNRESET';

/** A report that a server has accepted and some neighbours have not learned yet. */
interface TrackedReport {
  readonly server: ServerId;
  readonly key: string;
  readonly location: Location;
  /** Neighbours that must learn it. */
  readonly neighbours: Set<ServerId>;
  /** Neighbours that have seen the end of the connection over which it was sent. */
  readonly disconnected: Set<ServerId>;
  isAcknowledged: boolean;
  hasCrashed: boolean;
}

/**
 * An acknowledged report survives the crash of its server if one of its links was up and that neighbour lives. A crash is that
 * of the process (`kill -9`): what was handed to the operating system still arrives.
 */
export class AcknowledgedSurvives implements Invariant {
  readonly name = 'acknowledged-survives';
  readonly observedKinds = ['link', 'backpressure', 'learned', 'response-received', 'response-lost', 'down'] as const;
  private readonly links = new UndisturbedLinks();
  private reports: TrackedReport[] = [];

  checkPeriodically(view: HerdView): Violation[] {
    this.links.update(view);
    return [];
  }

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // In other environments events arrive late, and a proxy may lose data in transit.
    if (view.environment.observationDelayMs > 0) return undefined;
    this.links.onEvent(event);
    switch (event.kind) {
      case 'learned':
        this.markLearned(event.server, event.location);
        if (event.from === undefined) this.trackReport(event.server, event.location, view);
        return undefined;
      case 'response-received': {
        const key = commandReportKey(event.server, event.command);
        const report = key === undefined ? undefined : this.reports.find((each) => each.key === key);
        if (report !== undefined) report.isAcknowledged = true;
        return this.findLost(view);
      }
      case 'response-lost': {
        const key = commandReportKey(event.server, event.command);
        this.reports = this.reports.filter((report) => report.key !== key);
        return undefined;
      }
      case 'down':
        for (const report of this.reports) {
          report.neighbours.delete(event.server);
          if (report.server === event.server) report.hasCrashed = true;
        }
        this.removeLearned();
        return undefined;
      case 'link':
        if (event.state !== 'live') this.onLinkEnded(event);
        return this.findLost(view);
      default:
        return undefined;
    }
  }

  private trackReport(server: ServerId, location: Location, view: HerdView): void {
    const neighbours = (view.links.get(server) ?? []).filter((to) => {
      const stored = view.stored.get(to)?.get(location.client)?.location;
      return this.links.includes(server, to, view) && (stored === undefined || supersedes(location, stored));
    });
    if (neighbours.length === 0) return;
    const key = locationReportKey(server, location);
    this.reports.push({
      server,
      key,
      location,
      neighbours: new Set(neighbours),
      disconnected: new Set(),
      isAcknowledged: false,
      hasCrashed: false,
    });
  }

  private markLearned(server: ServerId, location: Location): void {
    let isAnyDone = false;
    for (const report of this.reports) {
      if (report.location.client !== location.client || supersedes(report.location, location)) continue;
      if (!report.disconnected.has(server)) report.neighbours.delete(server);
      isAnyDone ||= report.neighbours.size === 0;
    }
    if (isAnyDone) this.removeLearned();
  }

  /** Removes the reports that no neighbour needs to learn any more. */
  private removeLearned(): void {
    this.reports = this.reports.filter(({ neighbours }) => neighbours.size > 0);
  }

  private onLinkEnded({ server, neighbour, reason }: Extract<SimulationEvent, { kind: 'link' }>): void {
    for (const report of this.reports) {
      if (report.server !== neighbour || !report.neighbours.has(server) || report.disconnected.has(server)) continue;
      const isFullyDelivered =
        report.hasCrashed && reason === connectionResetReason && this.links.isUndisturbed(neighbour, server);
      if (isFullyDelivered) report.disconnected.add(server);
      else report.neighbours.delete(server);
    }
    this.removeLearned();
  }

  /** Returns a violation for the first acknowledged report that is lost. */
  private findLost(view: HerdView): Violation | undefined {
    for (const report of this.reports) {
      if (!report.isAcknowledged || report.disconnected.size === 0) continue;
      const missing = [...report.disconnected].find(
        (server) => report.neighbours.has(server) && !view.hasEvicted(server),
      );
      if (missing === undefined) continue;
      this.reports = this.reports.filter((each) => each !== report);
      const { server, location } = report;
      return {
        server: missing,
        text: `${server} acknowledged ${location.line} and crashed, and ${missing} never received it`,
      };
    }
    return undefined;
  }
}
