import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** A herd without new reports sends only heartbeats and digests, no locations. */
export class Quiescent implements Invariant {
  readonly name = 'quiescent';
  readonly observedKinds = ['command-sent', 'learned', 'line-sent'] as const;
  private lastSentMs = -1;
  private lastSent: Extract<SimulationEvent, { kind: 'line-sent' }> | undefined;
  /** When a client last sent a command, or a server last processed a throttled report. */
  private lastReportMs = -1;

  /** @param convergenceBoundMs maximum propagation time of a location */
  constructor(private readonly convergenceBoundMs: number) {}

  onEvent(event: SimulationEvent, view: HerdView): undefined {
    if (event.kind === 'command-sent' || (event.kind === 'learned' && event.from === undefined)) {
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
    const lateMs = Math.round(view.environment.nowMs() - this.lastSentMs);
    return [
      {
        text: `there was nothing new to send, but ${lateMs} ms ago ${lastSent.server} sent ${lastSent.neighbour} ${lastSent.line}`,
      },
    ];
  }
}
