import type { Clock } from '../../../actors/ports/clock.js';
import type { BucketEvent, LinkEvent, ServerStateEvent } from '../../../actors/bus/events.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { MessageBus } from '../../bus/message-bus.js';

/** How long a neighbour that has not called yet keeps a server from being ready, in milliseconds after its start. */
const peerGraceMs = 5_000;

/** A link as people are shown it. */
export interface LinkSnapshot {
  readonly neighbour: ServerId;
  readonly state: LinkEvent['state'];
  /** For how long it has been in that state, in milliseconds. */
  readonly sinceMs: number;
  /** Milliseconds until the next attempt; 0 but in backoff. */
  readonly retryInMs: number;
  /** Why; empty where the state says it all. */
  readonly reason: string;
  /** The neighbour's clock minus the server's own, in milliseconds; null while that is not known. */
  readonly clockOffsetMs: number | null;
}

/** The bucket that locations are spread by, as people are shown it. */
export interface BucketSnapshot {
  readonly state: BucketEvent['state'];
  /** For how long it has been in that state, in milliseconds. */
  readonly sinceMs: number;
  /** Milliseconds until the next attempt; 0 but while blocked or away. */
  readonly retryInMs: number;
  /** What went wrong last, until it is live again; empty if nothing did. */
  readonly reason: string;
  /** Clients of whom something waited to be written when it entered the state; 0 while it is live, where nothing waits for long. */
  readonly pendingWrites: number;
}

/** What happens to a server, as far as people look at it: its links, its clients, its own life. It only listens. */
export class StatusTracker {
  private readonly links = new Map<ServerId, LinkEvent & { readonly atMs: number }>();
  private bucket: (BucketEvent & { readonly atMs: number; readonly enteredAtMs: number }) | undefined;
  /** Whether everything in the bucket has been known here: what came after that is known as long as it is not away. */
  private bucketPast: 'never loaded' | 'loaded' = 'never loaded';
  /** The clocks of connected neighbours, as `NeighbourClockEvent` has them. */
  private readonly clockOffsetsMs = new Map<ServerId, number>();
  /** Why the server's own clock is not to be trusted; empty if it is. */
  private clockReason = '';
  private connectionCount = 0;
  private serverState: ServerStateEvent['state'] | 'starting' = 'starting';
  /** Neighbours whose link has been anything but about to be made for the first time. */
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
      // One that is tried again in vain, or of which another shard is, has not been well in between.
      const enteredAtMs = event.state === this.bucket?.state ? this.bucket.enteredAtMs : atMs;
      this.bucket = { ...event, atMs, enteredAtMs };
      if (event.state === 'live') this.bucketPast = 'loaded';
    });
    bus.on('server', ({ state }) => {
      this.serverState = state;
      // It may have taken long to remember what is on disk.
      if (state === 'running') this.startedAtMs = clock.monotonicMs();
    });
    for (const kind of ['client-connected', 'client-disconnected'] as const) {
      bus.on(kind, ({ clients }) => (this.connectionCount = clients));
    }
  }

  /** Connections of clients that speak lines or WebSocket. */
  get connections(): number {
    return this.connectionCount;
  }

  get state(): ServerStateEvent['state'] | 'starting' {
    return this.serverState;
  }

  /** The links, in the order of the config. */
  linkSnapshots(): LinkSnapshot[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.links.values()].map(({ neighbour, state, reason, retryInMs, atMs }) => {
      const sinceMs = Math.round(nowMs - atMs);
      const remainingMs = Math.max(0, Math.round(retryInMs - sinceMs));
      const clockOffsetMs = this.clockOffsetsMs.get(neighbour) ?? null;
      return { neighbour, state, sinceMs, retryInMs: remainingMs, reason, clockOffsetMs };
    });
  }

  /** The bucket; undefined where locations are flooded. */
  bucketSnapshot(): BucketSnapshot | undefined {
    if (this.bucket === undefined) return undefined;
    const { state, reason, retryInMs, atMs, enteredAtMs } = this.bucket;
    const nowMs = this.clock.monotonicMs();
    const pendingWrites = state === 'live' ? 0 : this.bucket.pendingWrites;
    const remainingMs = Math.max(0, Math.round(retryInMs - (nowMs - atMs)));
    return { state, sinceMs: Math.round(nowMs - enteredAtMs), retryInMs: remainingMs, reason, pendingWrites };
  }

  /** What is not as it should be, though the server serves what it knows; empty if nothing is. */
  degradations(): string[] {
    const bucket = this.bucketSnapshot();
    return bucket === undefined || bucket.reason === '' ? [] : [`the bucket is ${bucket.state}: ${bucket.reason}`];
  }

  /** Why the server's clock is not to be trusted: it differs by more than 60 s from most connected neighbours'. Empty if it is. */
  get clockProblem(): string {
    return this.clockReason;
  }

  /** Why the server should not be sent clients yet; empty if it should: it runs, and has caught up with whom it reaches. */
  notReadyReasons(): string[] {
    if (this.serverState !== 'running') return [`the server is ${this.serverState}`];
    const bucket = this.bucketSnapshot();
    if (bucket !== undefined && this.bucketPast === 'never loaded') {
      return [bucket.reason === '' ? 'loading the bucket' : `the bucket is ${bucket.state}: ${bucket.reason}`];
    }
    const isInGracePeriod = this.clock.monotonicMs() - this.startedAtMs < peerGraceMs;
    const clock = this.clockReason === '' ? [] : [this.clockReason];
    const links = [...this.links.values()].flatMap(({ neighbour, state }) => {
      if (state === 'catching-up') return [`catching up with ${neighbour}`];
      // One that was lost, or called in vain, is not reached; one that has yet to answer or to call may be, for a while.
      return !this.attempted.has(neighbour) && isInGracePeriod ? [`connecting to ${neighbour}`] : [];
    });
    return [...clock, ...links];
  }
}
