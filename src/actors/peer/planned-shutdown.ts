import type { ServerId } from '../../protocol/place/ids.js';

/** Reasons for which a connection fails if no server listens: over TCP, and in one process. */
const noListenerReasons: ReadonlySet<string> = new Set(['ECONNREFUSED', 'not listening']);

/**
 * Tracks whether a neighbour announced a planned shutdown (GOODBYE, [PE28]), so that the resulting disconnect and failed
 * connections are not reported as errors.
 */
export class PlannedShutdown {
  private isAnnounced = false;
  private readonly reason: string;

  constructor(neighbour: ServerId) {
    this.reason = `${neighbour} was stopped`;
  }

  /** Records that the neighbour sent GOODBYE. */
  announced(): void {
    this.isAnnounced = true;
  }

  /** Forgets the announcement: the neighbour is back, or something other than the shutdown failed. */
  clear(): void {
    this.isAnnounced = false;
  }

  /**
   * Returns why a channel closed, in terms of the shutdown if that explains it.
   * @param wasConnected whether the handshake was complete
   */
  reasonFor(reason: string, wasConnected: boolean): string {
    const isConsequence = wasConnected || noListenerReasons.has(reason);
    if (!isConsequence) this.clear();
    return this.isAnnounced ? this.reason : reason;
  }

  /** Whether the shutdown explains a link state with this reason, or without one. */
  explains(reason: string): boolean {
    return this.isAnnounced && (reason === '' || reason === this.reason);
  }
}
