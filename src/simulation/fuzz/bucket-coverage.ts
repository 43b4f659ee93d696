import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { SimulationEvent } from '../environment.js';
import type { CoverageGoal } from './coverage-goals.js';

/** Coverage goals by the reason of a bucket state change. */
const goalByReason: Readonly<Record<string, CoverageGoal>> = {
  'connection refused': 'the broker refused a connection',
  'no answer in time': 'the broker did not answer a connection attempt',
  'the connection was reset': 'a connection to the broker was reset',
  'the broker went silent': 'a silent broker was detected',
  'the bucket was deleted': 'a deleted bucket was detected',
};

/** Counts the broker faults and recoveries that a run on NATS met. */
export class BucketCoverage {
  private readonly loaded = new Set<ServerId>();
  /** Clients that were in the bucket when it was wiped, and have not been written again. */
  private readonly wiped = new Set<ClientId>();
  private readonly stored = new Set<ClientId>();

  constructor(private readonly count: (path: CoverageGoal) => void) {}

  /** Processes an event. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'bucket':
        return this.recordState(event);
      case 'stored': {
        const { client, server } = event.location;
        if (event.into === 'a later bucket') this.count('a delayed write reached a recreated bucket');
        if (server !== event.server) this.count('a server wrote a missing entry that another server had reported');
        this.stored.add(client);
        if (this.wiped.delete(client) && this.wiped.size === 0) this.count('a wiped bucket was refilled');
        return;
      }
      case 'not-stored':
        if (event.outcome === 'conflict') this.count('a write conflicted with another');
        return;
      case 'stale-read':
        return this.count('a read returned an outdated entry');
      case 'wiped':
        for (const client of this.stored) this.wiped.add(client);
        return this.stored.clear();
      case 'down':
        this.loaded.delete(event.server);
        return;
      default:
        return;
    }
  }

  private recordState({ server, state, reason }: Extract<SimulationEvent, { kind: 'bucket' }>): void {
    if (state === 'write-blocked') {
      this.count('writes to the bucket were blocked');
      if (reason === 'no answer in time') this.count('a write was not answered in time');
    } else if (state === 'disconnected') {
      const goal = goalByReason[reason];
      if (goal !== undefined) this.count(goal);
    } else if (state === 'live' && !this.loaded.has(server)) {
      this.loaded.add(server);
    } else if (state === 'loading' && this.loaded.has(server)) this.count('a bucket was loaded again');
  }
}
