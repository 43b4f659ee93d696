import type { Clock } from '../../../actors/ports/clock.js';
import type { LinkEvent, NatsEvent, PartitionsEvent, ServerStateEvent } from '../../../actors/bus/events.js';
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
  /** Reason of the state, or empty. */
  readonly reason: string;
  /** The neighbour's clock minus this server's, in milliseconds; null if not known. */
  readonly clockOffsetMs: number | null;
}

/** Status of a server's connection to NATS, and what it knows of the herd there. */
export interface NatsSnapshot {
  readonly state: NatsEvent['state'];
  /** Time in that state, in milliseconds. */
  readonly sinceMs: number;
  /** Milliseconds until the next attempt; 0 unless in backoff. */
  readonly retryInMs: number;
  /** Reason of the state, or empty. */
  readonly reason: string;
  /** Live members of the herd, this server included. */
  readonly members: readonly ServerId[];
  readonly partitions: Omit<PartitionsEvent, 'kind'>;
}

/** Tracks the state of a server, its links, its connection to NATS and its connections by the events on its bus. */
export class StatusTracker {
  private readonly links = new Map<ServerId, LinkEvent & { readonly atMs: number }>();
  private nats: (NatsEvent & { readonly atMs: number }) | undefined;
  private members: readonly ServerId[] = [];
  private partitions: NatsSnapshot['partitions'] = { complete: 0, filling: 0, leaving: 0, short: 0 };
  /** Whether all partitions of this server have been complete since the start. */
  private hasJoined = false;
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
    bus.on('nats', (event) => {
      this.nats = { ...event, atMs: clock.monotonicMs() };
      if (event.state === 'live') this.hasJoined = true;
    });
    bus.on('members', ({ members }) => (this.members = members));
    bus.on('partitions', ({ complete, filling, leaving, short }) => {
      this.partitions = { complete, filling, leaving, short };
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
    return [...this.links.values()].map(({ neighbour, state, reason, ...entry }) => {
      const clockOffsetMs = this.clockOffsetsMs.get(neighbour) ?? null;
      return { neighbour, state, ...this.timesOf(entry), reason, clockOffsetMs };
    });
  }

  /** Returns the status of the connection to NATS; undefined for a server without NATS. */
  natsSnapshot(): NatsSnapshot | undefined {
    if (this.nats === undefined) return undefined;
    const { members, partitions } = this;
    const { state, reason, ...entry } = this.nats;
    return { state, ...this.timesOf(entry), reason, members, partitions };
  }

  /** Returns problems that do not prevent readiness. */
  degradations(): string[] {
    const { nats, partitions } = this;
    return [
      ...(nats === undefined || nats.reason === '' ? [] : [`NATS ${nats.state}: ${nats.reason}`]),
      ...(partitions.short === 0 ? [] : [`partitions short of replicas: ${partitions.short}`]),
    ];
  }

  /** Why this server's clock is wrong: it differs by more than 60 s from those of most connected neighbours. Empty if it is not. */
  get clockProblem(): string {
    return this.clockReason;
  }

  /** Returns why the server should not receive clients; empty if it runs and has caught up with its reachable neighbours. */
  notReadyReasons(): string[] {
    if (this.serverState !== 'running') return [`the server is ${this.serverState}`];
    if (this.nats !== undefined && !this.hasJoined) return [joiningReason(this.nats, this.partitions)];
    const isInGracePeriod = this.clock.monotonicMs() - this.startedAtMs < peerGraceMs;
    const clock = this.clockReason === '' ? [] : [this.clockReason];
    const links = [...this.links.values()].flatMap(({ neighbour, state }) => {
      if (state === 'catching-up') return [`catching up with ${neighbour}`];
      // An unreachable neighbour does not prevent readiness; one that has not been tried yet does, during the grace period.
      return !this.attempted.has(neighbour) && isInGracePeriod ? [`connecting to ${neighbour}`] : [];
    });
    return [...clock, ...links];
  }

  /** Returns how long a state has lasted, and until its next attempt, in milliseconds. */
  private timesOf({ atMs, retryInMs }: { readonly atMs: number; readonly retryInMs: number }): {
    readonly sinceMs: number;
    readonly retryInMs: number;
  } {
    const sinceMs = Math.round(this.clock.monotonicMs() - atMs);
    return { sinceMs, retryInMs: Math.max(0, Math.round(retryInMs - sinceMs)) };
  }
}

/** Why a server that has not joined its herd on NATS yet is not ready. */
function joiningReason({ state, reason }: NatsEvent, { complete, filling }: NatsSnapshot['partitions']): string {
  if (state === 'joining') return `filling partitions: ${complete} of ${complete + filling} complete`;
  return reason === '' ? 'connecting to NATS' : `NATS ${state}: ${reason}`;
}
