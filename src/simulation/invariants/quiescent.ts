import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/**
 * A herd without new reports sends only heartbeats and digests, no locations.
 *
 * Not while a server's clock is wrong: with a clock that is behind, it takes the horizon of a full neighbour for its own time, and sends
 * at each comparison what the neighbour does not accept ([PE25]). Nor on NATS once a store has evicted: a server that accepts a late
 * report of a client whose newer location it has evicted sends it to other holders at each comparison.
 */
export class Quiescent implements Invariant {
  readonly name = 'quiescent';
  readonly observedKinds = ['clock', 'command-sent', 'response-received', 'learned', 'line-sent'] as const;
  private lastSentMs = -1;
  private lastSent: Extract<SimulationEvent, { kind: 'line-sent' }> | undefined;
  /** When a client last sent a command or received a response, or a server last processed a throttled report. */
  private lastReportMs = -1;
  /** Servers whose clock differs from most of their neighbours' clocks. */
  private readonly wrongClocks = new Set<ServerId>();

  /** @param convergenceBoundMs maximum propagation time of a location */
  constructor(private readonly convergenceBoundMs: number) {}

  onEvent(event: SimulationEvent, view: HerdView): undefined {
    if (event.kind === 'clock') {
      if (event.state === 'differs') this.wrongClocks.add(event.server);
      else this.wrongClocks.delete(event.server);
    }
    const isOfClient = event.kind === 'command-sent' || event.kind === 'response-received';
    if (isOfClient || (event.kind === 'learned' && event.from === undefined)) {
      this.lastReportMs = view.environment.nowMs();
    }
    if (event.kind !== 'line-sent' || !event.line.startsWith('AT ')) return;
    this.lastSentMs = view.environment.nowMs();
    this.lastSent = event;
  }

  checkConverged(view: HerdView, settledMs: number): Violation[] {
    const { lastSent } = this;
    const isSettled = this.lastReportMs + this.convergenceBoundMs <= settledMs;
    if (!isSettled || lastSent === undefined || this.lastSentMs <= settledMs) return [];
    if (this.wrongClocks.size > 0 && view.hasEvicted(lastSent.neighbour)) return [];
    if (view.isOnNats && view.runningServers.some((server) => view.hasEvicted(server))) return [];
    const lateMs = Math.round(view.environment.nowMs() - this.lastSentMs);
    return [
      {
        text: `there was nothing new to send, but ${lateMs} ms ago ${lastSent.server} sent ${lastSent.neighbour} ${lastSent.line}`,
      },
    ];
  }
}
