import { asClientId, type ClientId, type ServerId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import { maxCountedSkewSeconds } from '../../protocol/place/location-order.js';
import { parseTime, type Instant } from '../../protocol/place/time.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** How far a server's clock, and how clocks are read, may be off before its reports prove nothing, in milliseconds. */
const toleranceMs = 250;

const maxEffectiveAheadMs = maxCountedSkewSeconds * 1_000;

/** What is known of the reports of one client. All in milliseconds of the true time of day. */
interface ClientReports {
  /** Sent, and not answered: the command, the time that it claims, when it was sent, and that moment of the scenario. */
  readonly pending: Map<string, { readonly claimedMs: number; readonly sentMs: number; readonly sentAtMs: number }>;
  /** The latest effective time that an answered report can have. */
  latestEffectiveMs: number;
}

/**
 * A report that is newer than all others of its client, by the true time, wins at the server that took it. What another claims of the
 * future counts for 60 s after it was taken ([LO1]): so a phone whose clock was ahead is believed again a minute after it was set
 * right, and `agreement` sees to it that the whole herd does. It goes by the true time, not by what AT lines say of it.
 */
export class NewestWins implements Invariant {
  readonly name = 'newest-wins';
  readonly observedKinds = ['command-sent', 'response-received'] as const;
  private readonly clients = new Map<ClientId, ClientReports>();

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // In other worlds it takes a while until it is seen here what a server holds.
    if (view.environment.observationDelayMs > 0) return undefined;
    if (event.kind === 'command-sent') this.onReportSent(event.line, view);
    if (event.kind === 'response-received' && event.command?.startsWith('IAMAT ') === true) {
      return this.onReportAnswered(event.server, event.command, event.lines[0] ?? '', view);
    }
    return undefined;
  }

  private onReportSent(line: string, view: HerdView): void {
    const [word, client = '', , time = ''] = line.split(' ');
    const claimed = parseTime(time);
    if (word !== 'IAMAT' || claimed === undefined) return;
    const id = asClientId(client);
    const known = this.clients.get(id) ?? { pending: new Map(), latestEffectiveMs: -Infinity };
    this.clients.set(id, known);
    known.pending.set(line, {
      claimedMs: millisecondsOf(claimed),
      sentMs: nowMs(view),
      sentAtMs: view.environment.nowMs(),
    });
  }

  private onReportAnswered(server: ServerId, command: string, answer: string, view: HerdView): Violation | undefined {
    const location = parseAt(answer);
    const known = this.clients.get(asClientId(command.split(' ')[1] ?? ''));
    const report = known?.pending.get(command);
    if (known === undefined || report === undefined) return undefined;
    known.pending.delete(command);
    if (location === undefined) return undefined;
    const { claimedMs, sentMs } = report;
    const answeredMs = nowMs(view);
    const receivedMs = millisecondsOf(location.received);
    if (receivedMs < sentMs - toleranceMs || receivedMs > answeredMs + toleranceMs) {
      // The clock of that server is wrong: what it took counts as what it claims, and proves nothing.
      known.latestEffectiveMs = Math.max(known.latestEffectiveMs, claimedMs);
      return undefined;
    }
    // A server that came back while the answer was under way may have lost the report.
    const isSameRun = (view.restartedMs.get(server) ?? -Infinity) < report.sentAtMs;
    const breach = isSameRun ? this.findViolation({ server, location, claimedMs, sentMs }, known, view) : undefined;
    const effectiveMs = Math.min(claimedMs, answeredMs + maxEffectiveAheadMs + toleranceMs);
    known.latestEffectiveMs = Math.max(known.latestEffectiveMs, effectiveMs);
    return breach;
  }

  private findViolation(
    report: { server: ServerId; location: Location; claimedMs: number; sentMs: number },
    known: ClientReports,
    view: HerdView,
  ): Violation | undefined {
    const { server, location, claimedMs, sentMs } = report;
    const isAhead = claimedMs > sentMs + maxEffectiveAheadMs - toleranceMs;
    const isNewest =
      claimedMs > known.latestEffectiveMs && [...known.pending.values()].every((open) => open.claimedMs < claimedMs);
    if (isAhead || !isNewest) return undefined;
    const stored = view.stored.get(server)?.get(location.client)?.location;
    if (stored === undefined || stored.line === location.line) return undefined;
    // A full server may have evicted it since, and have taken something older for news.
    if (!view.mustHold([server], location)) return undefined;
    return { server, text: `${server} took ${location.line}, which is the newest, and holds ${stored.line}` };
  }
}

function nowMs(view: HerdView): number {
  return millisecondsOf(parseTime(view.environment.formatTimeField(0)) ?? { seconds: NaN, nanoseconds: 0 });
}

function millisecondsOf({ seconds, nanoseconds }: Instant): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
