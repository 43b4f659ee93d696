import type { LinkState, NatsState } from '../../actors/bus/events.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { ServerPorts } from './hosted-server.js';

/** Status report of a server. Plain data, because it is sent between processes. */
export type StatusReport =
  | { readonly kind: 'started'; readonly server: ServerId; readonly ports: ServerPorts }
  | { readonly kind: 'down'; readonly server: ServerId; readonly reason: string }
  | {
      readonly kind: 'link';
      readonly server: ServerId;
      readonly neighbour: ServerId;
      readonly state: LinkState;
      readonly reason: string;
    }
  | { readonly kind: 'nats'; readonly server: ServerId; readonly state: NatsState; readonly reason: string };

/** Change of a server, a link, or the connection of a server to NATS. */
export interface StatusChange {
  readonly server: ServerId;
  readonly neighbour?: ServerId;
  readonly part?: 'nats';
  readonly state: 'up' | 'down';
  readonly reason: string;
}

/** Status of the servers that were started together. */
export class HerdStatus {
  private readonly ports = new Map<ServerId, ServerPorts>();
  private readonly liveLinks = new Map<ServerId, Set<ServerId>>();
  /** State of the connections to NATS. */
  private readonly connections = new Map<ServerId, 'up' | 'down' | 'unknown'>();
  /** Servers that have once had all partitions that they hold. */
  private readonly filledServers = new Set<ServerId>();
  private readonly readyCallbacks: (() => void)[] = [];

  private onChange: (change: StatusChange) => void = () => undefined;

  /** @param startedServers servers that count for readiness, with the links between them */
  constructor(
    private readonly startedServers: readonly ServerId[],
    private readonly topology: Topology,
  ) {}

  /** Sets the callback for changes. */
  subscribe(onChange: (change: StatusChange) => void): void {
    this.onChange = onChange;
  }

  /** Removes the callback. */
  unsubscribe(): void {
    this.onChange = () => undefined;
  }

  /** Ports of a server; undefined while it is down. */
  portsOf(server: ServerId): ServerPorts | undefined {
    return this.ports.get(server);
  }

  /** Whether the link of a server to a neighbour is live. */
  isLive(server: ServerId, neighbour: ServerId): boolean {
    return this.liveLinks.get(server)?.has(neighbour) ?? false;
  }

  /** Records a report of a server. */
  record(report: StatusReport): void {
    const { server } = report;
    switch (report.kind) {
      case 'started':
        this.ports.set(server, report.ports);
        this.onChange({ server, state: 'up', reason: '' });
        break;
      case 'down':
        this.ports.delete(server);
        this.liveLinks.delete(server);
        this.connections.delete(server);
        this.onChange({ server, state: 'down', reason: report.reason });
        break;
      case 'link':
        this.recordLink(server, report.neighbour, report.state, report.reason);
        break;
      case 'nats':
        this.recordNats(server, report.state, report.reason);
        break;
    }
    if (this.isReady()) for (const resolve of this.readyCallbacks.splice(0)) resolve();
  }

  /** Resolves when all servers are listening, all links between them are live, and all have been live on NATS. */
  async whenReady(): Promise<void> {
    if (!this.isReady()) await new Promise<void>((resolve) => this.readyCallbacks.push(resolve));
  }

  private recordLink(server: ServerId, neighbour: ServerId, state: LinkState, reason: string): void {
    const liveNeighbours = this.liveLinks.get(server) ?? new Set();
    this.liveLinks.set(server, liveNeighbours);
    if (liveNeighbours.has(neighbour) === (state === 'live')) return;
    if (state === 'live') liveNeighbours.add(neighbour);
    else liveNeighbours.delete(neighbour);
    this.onChange({ server, neighbour, state: state === 'live' ? 'up' : 'down', reason });
  }

  private recordNats(server: ServerId, state: NatsState, reason: string): void {
    const previous = this.connections.get(server) ?? 'unknown';
    const current = state === 'live' ? 'up' : state === 'backoff' ? 'down' : previous;
    this.connections.set(server, current);
    if (current === 'up') this.filledServers.add(server);
    if (current !== previous && current !== 'unknown') this.onChange({ server, part: 'nats', state: current, reason });
  }

  private isReady(): boolean {
    return this.startedServers.every(
      (server) =>
        this.ports.has(server) &&
        (this.filledServers.has(server) || !this.connections.has(server)) &&
        (this.topology.get(server) ?? []).every(
          (neighbour) => !this.startedServers.includes(neighbour) || this.isLive(server, neighbour),
        ),
    );
  }
}
