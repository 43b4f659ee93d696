import type { ServerId } from '../../protocol/place/ids.js';

/** Why a call comes to nothing where nobody listens: over TCP, and in one process. */
const noListenerReasons: ReadonlySet<string> = new Set(['ECONNREFUSED', 'nobody listens']);

/** The goodbye of a neighbour, and what follows from it: that its wire ends, and that nobody takes a call for a while ([PE28]). All else is trouble. */
export class PlannedShutdown {
  private neighbourIs: 'going on' | 'stopping' = 'going on';
  private readonly reason: string;

  constructor(neighbour: ServerId) {
    this.reason = `${neighbour} was stopped`;
  }

  /** The neighbour has said goodbye. */
  announced(): void {
    this.neighbourIs = 'stopping';
  }

  /** Somebody answers at its place, or something went wrong: that is worth more than that it was stopped. */
  clear(): void {
    this.neighbourIs = 'going on';
  }

  /** Why a wire was lost; `during`: whether it was connected, or still being called. */
  reasonFor(reason: string, during: 'connection' | 'call'): string {
    const isConsequence = during === 'connection' || noListenerReasons.has(reason);
    if (!isConsequence) this.clear();
    return this.neighbourIs === 'stopping' ? this.reason : reason;
  }

  /** Whether a state that has only this to say for itself, or nothing, was to be expected. */
  explains(reason: string): boolean {
    return this.neighbourIs === 'stopping' && (reason === '' || reason === this.reason);
  }
}
