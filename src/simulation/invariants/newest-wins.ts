import { asClientId, type ClientId, type ServerId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import { countedAheadSeconds } from '../../protocol/place/location-order.js';
import { parseTime, type Instant } from '../../protocol/place/time.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** How far a server's clock, and how clocks are read, may be off before its reports prove nothing, in milliseconds. */
const toleranceMs = 250;

const countedAheadMs = countedAheadSeconds * 1_000;

/** What is known of the reports of one client. All in milliseconds of the true time of day. */
interface Reports {
  /** Sent, and not answered: the command, the time that it claims, when it was sent, and that moment of the scenario. */
  readonly open: Map<string, { readonly claimedMs: number; readonly sentMs: number; readonly sentAtMs: number }>;
  /** The latest effective time that an answered report can have. */
  latestMs: number;
}

/**
 * A report that is newer than all others of its client, by the true time, wins at the server that took it. What another claims of the
 * future counts for 60 s after it was taken ([LO1]): so a phone whose clock was ahead is believed again a minute after it was set
 * right, and `agreement` sees to it that the whole herd does. It goes by the true time, not by what AT lines say of it.
 */
export class NewestWins implements Invariant {
  readonly name = 'newest-wins';
  readonly sees = ['asked', 'answered'] as const;
  private readonly clients = new Map<ClientId, Reports>();

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    // In other worlds it takes a while until it is seen here what a server holds.
    if (view.world.slackMs > 0) return undefined;
    if (event.kind === 'asked') this.sent(event.line, view);
    if (event.kind === 'answered' && event.command?.startsWith('IAMAT ') === true) {
      return this.answered(event.server, event.command, event.lines[0] ?? '', view);
    }
    return undefined;
  }

  private sent(line: string, view: HerdView): void {
    const [word, client = '', , time = ''] = line.split(' ');
    const claimed = parseTime(time);
    if (word !== 'IAMAT' || claimed === undefined) return;
    const id = asClientId(client);
    const known = this.clients.get(id) ?? { open: new Map(), latestMs: -Infinity };
    this.clients.set(id, known);
    known.open.set(line, { claimedMs: millisecondsOf(claimed), sentMs: nowMs(view), sentAtMs: view.world.nowMs() });
  }

  private answered(server: ServerId, command: string, answer: string, view: HerdView): Breach | undefined {
    const location = parseAt(answer);
    const known = this.clients.get(asClientId(command.split(' ')[1] ?? ''));
    const report = known?.open.get(command);
    if (known === undefined || report === undefined) return undefined;
    known.open.delete(command);
    if (location === undefined) return undefined;
    const { claimedMs, sentMs } = report;
    const answeredMs = nowMs(view);
    const receivedMs = millisecondsOf(location.received);
    if (receivedMs < sentMs - toleranceMs || receivedMs > answeredMs + toleranceMs) {
      // The clock of that server is wrong: what it took counts as what it claims, and proves nothing.
      known.latestMs = Math.max(known.latestMs, claimedMs);
      return undefined;
    }
    // A server that came back while the answer was under way may have lost the report.
    const isSameRun = (view.restartedMs.get(server) ?? -Infinity) < report.sentAtMs;
    const breach = isSameRun ? this.breachOf({ server, location, claimedMs, sentMs }, known, view) : undefined;
    const effectiveMs = Math.min(claimedMs, answeredMs + countedAheadMs + toleranceMs);
    known.latestMs = Math.max(known.latestMs, effectiveMs);
    return breach;
  }

  private breachOf(
    report: { server: ServerId; location: Location; claimedMs: number; sentMs: number },
    known: Reports,
    view: HerdView,
  ): Breach | undefined {
    const { server, location, claimedMs, sentMs } = report;
    const isAhead = claimedMs > sentMs + countedAheadMs - toleranceMs;
    const isNewest = claimedMs > known.latestMs && [...known.open.values()].every((open) => open.claimedMs < claimedMs);
    if (isAhead || !isNewest) return undefined;
    const held = view.held.get(server)?.get(location.client)?.location;
    if (held === undefined || held.line === location.line) return undefined;
    // A full server may have evicted it since, and have taken something older for news.
    if (!view.mustKeep([server], location)) return undefined;
    return { server, text: `${server} took ${location.line}, which is the newest, and holds ${held.line}` };
  }
}

function nowMs(view: HerdView): number {
  return millisecondsOf(parseTime(view.world.timeField(0)) ?? { seconds: NaN, nanoseconds: 0 });
}

function millisecondsOf({ seconds, nanoseconds }: Instant): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
