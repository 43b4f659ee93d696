import { asClientId, type ClientId, type ServerId } from '../../protocol/place/ids.js';
import { parseAt, type Location } from '../../protocol/place/location.js';
import { maxCountedSkewSeconds } from '../../protocol/place/location-order.js';
import { parseTime, type Instant } from '../../protocol/place/time.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** Error of a server's clock, and of reading clocks, beyond which its reports are not checked, in milliseconds. */
const toleranceMs = 250;

const maxEffectiveAheadMs = maxCountedSkewSeconds * 1_000;

/** Reports of one client. All times are milliseconds of the true time of day. */
interface ClientReports {
  /** Reports without a response, by command: the claimed time, the time of sending, and the scenario time of sending. */
  readonly pending: Map<string, { readonly claimedMs: number; readonly sentMs: number; readonly sentAtMs: number }>;
  /** Latest effective time that an acknowledged report can have. */
  latestEffectiveMs: number;
}

/**
 * A report that is newer than all others of its client, by true time, wins at the server that accepted it. A time in the future
 * counts for at most 60 s after the report was accepted ([LO1]), so a phone whose clock was ahead is believed again one minute
 * after it was corrected; `agreement` checks the rest of the herd. This invariant uses the true time, not the times in AT
 * lines.
 */
export class NewestWins implements Invariant {
  readonly name = 'newest-wins';
  readonly observedKinds = ['command-sent', 'response-received'] as const;
  private readonly clients = new Map<ClientId, ClientReports>();
  /** The true time of day at which the scenario started, in milliseconds. */
  private startMs: number | undefined;

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // In other environments store contents are observed late.
    if (view.environment.observationDelayMs > 0) return undefined;
    if (event.kind === 'command-sent') this.onReportSent(event.line, view);
    if (event.kind === 'response-received' && event.command?.startsWith('IAMAT ') === true) {
      return this.onReportAnswered(event.server, event.command, event.lines[0] ?? '', view);
    }
    return undefined;
  }

  private onReportSent(line: string, view: HerdView): void {
    if (!line.startsWith('IAMAT ')) return;
    const [, client = '', , time = ''] = line.split(' ', 4);
    const claimed = parseTime(time);
    if (claimed === undefined) return;
    const id = asClientId(client);
    let known = this.clients.get(id);
    if (known === undefined) this.clients.set(id, (known = { pending: new Map(), latestEffectiveMs: -Infinity }));
    known.pending.set(line, {
      claimedMs: millisecondsOf(claimed),
      sentMs: this.nowMs(view),
      sentAtMs: view.environment.nowMs(),
    });
  }

  private onReportAnswered(server: ServerId, command: string, answer: string, view: HerdView): Violation | undefined {
    const [, client = ''] = command.split(' ', 2);
    const known = this.clients.get(asClientId(client));
    const report = known?.pending.get(command);
    if (known === undefined || report === undefined) return undefined;
    known.pending.delete(command);
    const stored = view.stored.get(server)?.get(asClientId(client))?.location;
    const location = stored?.line === answer ? stored : parseAt(answer);
    if (location === undefined) return undefined;
    const { claimedMs, sentMs } = report;
    const answeredMs = this.nowMs(view);
    const receivedMs = millisecondsOf(location.received);
    if (receivedMs < sentMs - toleranceMs || receivedMs > answeredMs + toleranceMs) {
      // The server's clock is wrong: a report counts as claimed, and proves nothing.
      known.latestEffectiveMs = Math.max(known.latestEffectiveMs, claimedMs);
      return undefined;
    }
    // A server that restarted while the response was in transit may have lost the report.
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
    if (claimedMs > sentMs + maxEffectiveAheadMs - toleranceMs || claimedMs <= known.latestEffectiveMs)
      return undefined;
    for (const pending of known.pending.values()) if (pending.claimedMs >= claimedMs) return undefined;
    const stored = view.stored.get(server)?.get(location.client)?.location;
    if (stored === undefined || stored.line === location.line) return undefined;
    // A full server may have evicted it since, and have accepted an older report as new.
    if (!view.mustHold([server], location)) return undefined;
    return { server, text: `${server} accepted ${location.line}, which is the newest, but stores ${stored.line}` };
  }

  /** The true time of day, in milliseconds. */
  private nowMs({ environment }: HerdView): number {
    const elapsedMs = environment.nowMs();
    this.startMs ??=
      millisecondsOf(parseTime(environment.formatTimeField(0)) ?? { seconds: NaN, nanoseconds: 0 }) - elapsedMs;
    return this.startMs + elapsedMs;
  }
}

function millisecondsOf({ seconds, nanoseconds }: Instant): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
