import type { ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';
import { reportKey, reportKeyOf } from './reports.js';
import { UndisturbedLinks } from './undisturbed-links.js';

/** What a connection says that the system of a killed process has broken: all that the process had handed to it came before. */
const broken = 'ECONNRESET';

/** A report that a server has taken and some neighbours have not learned yet. */
interface Report {
  readonly server: ServerId;
  readonly key: string;
  readonly location: Location;
  /** Who must learn it. */
  readonly neighbours: Set<ServerId>;
  /** Those that have seen the end of the connection over which they should have. */
  readonly missed: Set<ServerId>;
  answer: 'none' | 'arrived';
  life: 'running' | 'crashed';
}

/**
 * A report that was answered is not lost by the crash of the server that answered it, while a link of it was up and the
 * neighbour lives. A crash is that of the process (`kill -9`): what it had handed to its system still arrives.
 */
export class AcknowledgedSurvives implements Invariant {
  readonly name = 'acknowledged-survives';
  readonly sees = ['link', 'no-room', 'learned', 'answered', 'unanswered', 'down'] as const;
  private readonly links = new UndisturbedLinks();
  private reports: Report[] = [];

  look(view: HerdView): Breach[] {
    this.links.look(view);
    return [];
  }

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    // In other worlds what is seen here is late, and a proxy on a link may lose what it carries.
    if (view.world.slackMs > 0) return undefined;
    this.links.see(event);
    switch (event.kind) {
      case 'learned':
        this.learned(event.server, event.location);
        if (event.from === undefined) this.take(event.server, event.location, view);
        return undefined;
      case 'answered': {
        const key = reportKeyOf(event.server, event.command);
        const report = key === undefined ? undefined : this.reports.find((each) => each.key === key);
        if (report !== undefined) report.answer = 'arrived';
        return this.lost(view);
      }
      case 'unanswered': {
        const key = reportKeyOf(event.server, event.command);
        this.reports = this.reports.filter((report) => report.key !== key);
        return undefined;
      }
      case 'down':
        for (const report of this.reports) {
          report.neighbours.delete(event.server);
          if (report.server === event.server) report.life = 'crashed';
        }
        return undefined;
      case 'link':
        if (event.state !== 'live') this.linkEnded(event);
        return this.lost(view);
      default:
        return undefined;
    }
  }

  private take(server: ServerId, location: Location, view: HerdView): void {
    const neighbours = (view.ways.get(server) ?? []).filter((to) => {
      const held = view.held.get(to)?.get(location.client)?.location;
      return this.links.includes(server, to, view) && (held === undefined || supersedes(location, held));
    });
    if (neighbours.length === 0) return;
    const key = reportKey(server, location);
    const [answer, life] = ['none', 'running'] as const;
    this.reports.push({ server, key, location, neighbours: new Set(neighbours), missed: new Set(), answer, life });
  }

  private learned(server: ServerId, location: Location): void {
    for (const report of this.reports) {
      const isKnown = report.location.client === location.client && !supersedes(report.location, location);
      if (isKnown && !report.missed.has(server)) report.neighbours.delete(server);
    }
    this.reports = this.reports.filter(({ neighbours }) => neighbours.size > 0);
  }

  private linkEnded({ server, neighbour, reason }: Extract<WorldEvent, { kind: 'link' }>): void {
    for (const report of this.reports) {
      if (report.server !== neighbour || !report.neighbours.has(server) || report.missed.has(server)) continue;
      const hasAllCome = report.life === 'crashed' && reason === broken && this.links.isUndisturbed(neighbour, server);
      if (hasAllCome) report.missed.add(server);
      else report.neighbours.delete(server);
    }
  }

  /** The first report that was answered and is lost. */
  private lost(view: HerdView): Breach | undefined {
    for (const report of this.reports) {
      if (report.answer === 'none') continue;
      const missing = [...report.missed].find((server) => report.neighbours.has(server) && !view.hasForgotten(server));
      if (missing === undefined) continue;
      this.reports = this.reports.filter((each) => each !== report);
      const { server, location } = report;
      return { server: missing, text: `${server} answered ${location.line} and crashed, and ${missing} never got it` };
    }
    return undefined;
  }
}
