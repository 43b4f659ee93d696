import type { Clock } from '../../../actors/ports/clock.js';
import type { BucketEvent, LinkEvent, ServerStateEvent } from '../../../actors/bus/events.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { MessageBus } from '../../bus/message-bus.js';

/** Time after the start of a server for which a neighbour without a first contact prevents readiness, in milliseconds. */
const peerGraceMs = 5_000;

/** Status of a link. */
export interface LinkSnapshot {
  readonly neighbour: ServerId;
  readonly state: LinkEvent['state'];
  /** Time in that state, in milliseconds. */
  readonly sinceMs: number;
  /** Milliseconds until the next attempt; 0 unless in backoff. */
  readonly retryInMs: number;
  /** Reason of the state; empty if there is none. */
  readonly reason: string;
  /** The neighbour's clock minus this server's, in milliseconds; null if not known. */
  readonly clockOffsetMs: number | null;
}

/** Status of the bucket. */
export interface BucketSnapshot {
  readonly state: BucketEvent['state'];
  /** Time in that state, in milliseconds. */
  readonly sinceMs: number;
  /** Milliseconds until the next attempt; 0 unless write-blocked or disconnected. */
  readonly retryInMs: number;
  /** Last problem since the bucket was live; empty if there is none. */
  readonly reason: string;
  /** Clients with unwritten locations when it entered the state; 0 while live, when writes are pending only briefly. */
  readonly pendingWrites: number;
}

/** Tracks the state of a server, its links, its bucket and its connections by the events on its bus. */
export class StatusTracker {
  private readonly links = new Map<ServerId, LinkEvent & { readonly atMs: number }>();
  private bucket: (BucketEvent & { readonly atMs: number; readonly enteredAtMs: number }) | undefined;
  /** Whether the bucket has been loaded completely since the start. */
  private hasLoadedBucket = false;
  /** Clock offsets of connected neighbours, see `NeighbourClockEvent`. */
  private readonly clockOffsetsMs = new Map<ServerId, number>();
  /** Why this server's clock is wrong; empty if it is not. */
  private clockReason = '';
  private connectionCount = 0;
  private serverState: ServerStateEvent['state'] | 'starting' = 'starting';
  /** Neighbours whose first connection attempt has ended. */
  private readonly attempted = new Set<ServerId>();
  private startedAtMs: number;

  constructor(
    bus: MessageBus,
    private readonly clock: Clock,
    neighbours: readonly ServerId[],
  ) {
    const atMs = clock.monotonicMs();
    this.startedAtMs = atMs;
    for (const neighbour of neighbours) {
      this.links.set(neighbour, { kind: 'link', neighbour, state: 'connecting', reason: '', retryInMs: 0, atMs });
    }
    bus.on('link', (event) => {
      this.links.set(event.neighbour, { ...event, atMs: clock.monotonicMs() });
      if (event.state !== 'connecting') this.attempted.add(event.neighbour);
      if (event.state !== 'catching-up' && event.state !== 'live') this.clockOffsetsMs.delete(event.neighbour);
    });
    bus.on('neighbour-clock', ({ neighbour, offsetMs }) => this.clockOffsetsMs.set(neighbour, offsetMs));
    bus.on('clock', ({ reason }) => (this.clockReason = reason));
    bus.on('bucket', (event) => {
      const atMs = clock.monotonicMs();
      // Repeated failures, also of several shards, count as one state.
      const enteredAtMs = event.state === this.bucket?.state ? this.bucket.enteredAtMs : atMs;
      this.bucket = { ...event, atMs, enteredAtMs };
      if (event.state === 'live') this.hasLoadedBucket = true;
    });
    bus.on('server', ({ state }) => {
      this.serverState = state;
      // Restoring locations from disk may have taken long.
      if (state === 'running') this.startedAtMs = clock.monotonicMs();
    });
    for (const kind of ['client-connected', 'client-disconnected'] as const) {
      bus.on(kind, ({ clients }) => (this.connectionCount = clients));
    }
  }

  /** TCP and WebSocket connections of clients. */
  get connections(): number {
    return this.connectionCount;
  }

  get state(): ServerStateEvent['state'] | 'starting' {
    return this.serverState;
  }

  /** Returns the status of all links, in the order of the config. */
  linkSnapshots(): LinkSnapshot[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.links.values()].map(({ neighbour, state, reason, retryInMs, atMs }) => {
      const sinceMs = Math.round(nowMs - atMs);
      const remainingMs = Math.max(0, Math.round(retryInMs - sinceMs));
      const clockOffsetMs = this.clockOffsetsMs.get(neighbour) ?? null;
      return { neighbour, state, sinceMs, retryInMs: remainingMs, reason, clockOffsetMs };
    });
  }

  /** Returns the status of the bucket; undefined if there is none. */
  bucketSnapshot(): BucketSnapshot | undefined {
    if (this.bucket === undefined) return undefined;
    const { state, reason, retryInMs, atMs, enteredAtMs } = this.bucket;
    const nowMs = this.clock.monotonicMs();
    const pendingWrites = state === 'live' ? 0 : this.bucket.pendingWrites;
    const remainingMs = Math.max(0, Math.round(retryInMs - (nowMs - atMs)));
    return { state, sinceMs: Math.round(nowMs - enteredAtMs), retryInMs: remainingMs, reason, pendingWrites };
  }

  /** Returns problems that do not prevent readiness. */
  degradations(): string[] {
    const bucket = this.bucketSnapshot();
    return bucket === undefined || bucket.reason === '' ? [] : [`the bucket is ${bucket.state}: ${bucket.reason}`];
  }

  /** Why this server's clock is wrong: it differs by more than 60 s from those of most connected neighbours. Empty if it is not. */
  get clockProblem(): string {
    return this.clockReason;
  }

  /** Returns why the server should not receive clients; empty if it runs and has caught up with its reachable neighbours. */
  notReadyReasons(): string[] {
    if (this.serverState !== 'running') return [`the server is ${this.serverState}`];
    const bucket = this.bucketSnapshot();
    if (bucket !== undefined && !this.hasLoadedBucket) {
      return [bucket.reason === '' ? 'loading the bucket' : `the bucket is ${bucket.state}: ${bucket.reason}`];
    }
    const isInGracePeriod = this.clock.monotonicMs() - this.startedAtMs < peerGraceMs;
    const clock = this.clockReason === '' ? [] : [this.clockReason];
    const links = [...this.links.values()].flatMap(({ neighbour, state }) => {
      if (state === 'catching-up') return [`catching up with ${neighbour}`];
      // An unreachable neighbour does not prevent readiness; one that has not been tried yet does, during the grace period.
      return !this.attempted.has(neighbour) && isInGracePeriod ? [`connecting to ${neighbour}`] : [];
    });
    return [...clock, ...links];
  }
}
