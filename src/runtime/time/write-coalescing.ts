import type { WriteCoalescer } from './flush-order.js';

/** Settings of write coalescing, in milliseconds. */
export interface CoalescingSettings {
  /** A write to links within this time after the previous one belongs to a dense stream. */
  readonly denseGapMs: number;
  /** Minimum interval between two writes of a dense stream to links. */
  readonly linkIntervalMs: number;
  /** Minimum interval between two writes while responses of several clients are pending. */
  readonly clientIntervalMs: number;
}

/** Clients from which on their responses are coalesced. Fewer would only wait for each other. */
const minCoalescedClients = 4;

/** Part of the active clients whose responses are written at once: most of the others will not send before they are answered. */
const mostClients = 0.75;

/**
 * Adaptive write coalescing. Each write wakes up a process, which then writes to others, so under load many locations and responses
 * are to share a write; alone, none is to wait. (Nagle's algorithm, TCP's own write coalescing, waits for an acknowledgement of the
 * remote end, which may be 40 ms late.)
 *
 * - Links only: a single write is not delayed; writes of a dense stream are combined for a few milliseconds.
 * - Responses of clients: with many active clients, there is one write per interval; a write is not delayed if the previous one was
 *   longer ago, or if most active clients wait for it.
 */
export class AdaptiveWriteCoalescer implements WriteCoalescer {
  private writtenAtMs = -Infinity;
  /** Time at which the pending write to links is due; undefined if there is none. */
  private linksDueAtMs: number | undefined;

  /**
   * @param activeClients returns the number of clients that have sent something in the last few milliseconds
   * @param nowMs returns monotonic time in milliseconds
   */
  constructor(
    private readonly settings: CoalescingSettings,
    private readonly activeClients: (nowMs: number) => number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  remainingDelayMs(pendingClients: number): number {
    const nowMs = this.nowMs();
    const dueAtMs = pendingClients === 0 ? this.linkWriteAtMs(nowMs) : this.clientWriteAtMs(pendingClients, nowMs);
    // A timer takes no negative delay.
    return Math.max(0, dueAtMs - nowMs);
  }

  recordWrite(): void {
    this.writtenAtMs = this.nowMs();
    this.linksDueAtMs = undefined;
  }

  private linkWriteAtMs(nowMs: number): number {
    const { denseGapMs, linkIntervalMs } = this.settings;
    const isDense = nowMs - this.writtenAtMs < denseGapMs;
    return (this.linksDueAtMs ??= isDense ? this.writtenAtMs + linkIntervalMs : nowMs);
  }

  private clientWriteAtMs(pendingClients: number, nowMs: number): number {
    const activeClients = this.activeClients(nowMs);
    if (activeClients < minCoalescedClients || pendingClients >= mostClients * activeClients) return nowMs;
    return this.writtenAtMs + this.settings.clientIntervalMs;
  }
}
