import type { NatsState, PartitionState } from '../../actors/bus/events.js';
import { storedLocationBytes } from '../../actors/store/location-bytes.js';
import { leafOf, partitionOfLeaf } from '../../protocol/place/digest.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { compareReceiptTimes, supersedes, type Location } from '../../protocol/place/location.js';
import { connectedComponents, type Topology } from '../../protocol/place/topology.js';
import { isBrokerNode } from '../scenario/links-in.js';
import { LinkSet } from './link-set.js';
import type { Environment, SimulationEvent } from '../environment.js';

/** A location in a server's store. `from` is the neighbour that sent it; undefined for a client or the disk. */
export interface StoredLocation {
  readonly location: Location;
  readonly from: ServerId | undefined;
}

/** The newest location of a client that any server ever stored, and when the first server learned it. */
export interface NewestLocation {
  readonly location: Location;
  readonly sinceMs: number;
}

/** State of a herd, derived from observed events. */
export class HerdView {
  /** Contents of the store of each running server. */
  readonly stored = new Map<ServerId, Map<ClientId, StoredLocation>>();
  /** Bytes of the locations that each running server stores. */
  readonly storedBytes = new Map<ServerId, number>();
  readonly newest = new Map<ClientId, NewestLocation>();
  /** Whether the herd replicates through NATS. */
  readonly isOnNats: boolean;
  /** State of each running server's connection to NATS, once it was reported. */
  readonly natsStates = new Map<ServerId, NatsState>();
  /** Members of the herd on NATS as each running server knows them. */
  readonly members = new Map<ServerId, readonly ServerId[]>();
  /** When each restarted server last started, in scenario milliseconds. The first start is not a restart. */
  readonly restartedMs = new Map<ServerId, number>();
  /** Servers that are paused and have not crashed since. */
  readonly paused = new Set<ServerId>();
  /** Of the locations that each server has evicted since it started, the one received last. */
  private readonly horizons = new Map<ServerId, Location>();
  private readonly liveLinks = new LinkSet<ServerId>();
  private readonly started = new Set<ServerId>();
  /** States of each running server's partitions; absent: `none`. */
  private readonly partitionStates = new Map<ServerId, Map<number, PartitionState>>();
  private readonly partitions = new Map<ClientId, number>();
  private running: readonly ServerId[] = [];

  constructor(
    /** Links between servers, or between servers and the nodes of the broker and among these. */
    readonly links: Topology,
    readonly environment: Environment,
  ) {
    this.isOnNats = [...links.keys()].some(isBrokerNode);
  }

  /** Servers that run, including paused ones. */
  get runningServers(): readonly ServerId[] {
    return this.running;
  }

  isUp(server: ServerId): boolean {
    return this.stored.has(server);
  }

  /** Whether the link between two neighbours is live; between a server and a node of the broker: whether it is live on NATS. */
  isLive(one: ServerId, other: ServerId): boolean {
    if (isBrokerNode(other)) return isBrokerNode(one) || this.natsStates.get(one) === 'live';
    return this.liveLinks.has(one, other) && this.liveLinks.has(other, one);
  }

  /** Returns the partition of a client. */
  partitionOf(client: ClientId): number {
    let partition = this.partitions.get(client);
    if (partition === undefined) this.partitions.set(client, (partition = partitionOfLeaf(leafOf(client))));
    return partition;
  }

  /** Returns the state of a partition at a server; `none` if the server is down. */
  partitionState(server: ServerId, partition: number): PartitionState {
    return this.partitionStates.get(server)?.get(partition) ?? 'none';
  }

  /** Returns the running servers that hold a partition completely, including paused ones. */
  completeHolders(partition: number): ServerId[] {
    return this.running.filter((server) => this.partitionState(server, partition) === 'complete');
  }

  /** Whether a server stores this location of a client, or a newer one. */
  storesAtLeast(server: ServerId, location: Location): boolean {
    const stored = this.stored.get(server)?.get(location.client)?.location;
    return stored !== undefined && !supersedes(location, stored);
  }

  /** Running pairs that can reach each other: neighbours, nodes of the broker, or a server and, second, such a node. */
  reachablePairs(): (readonly [ServerId, ServerId])[] {
    const pairs: (readonly [ServerId, ServerId])[] = [];
    for (const [one, neighbours] of this.links) {
      for (const other of neighbours)
        if (isCanonicalOrder(one, other) && this.environment.canReach(one, other)) pairs.push([one, other]);
    }
    return pairs;
  }

  /** Connected components of the running servers that can reach each other. */
  reachableComponents(): ServerId[][] {
    const pairs = this.reachablePairs();
    const nodes = [...this.runningServers, ...[...this.links.keys()].filter(isBrokerNode)];
    const topology = new Map(
      nodes.map((node) => [
        node,
        pairs.flatMap(([one, other]) => (one === node ? [other] : other === node ? [one] : [])),
      ]),
    );
    return connectedComponents(topology)
      .map((component) => component.filter((node) => !isBrokerNode(node)))
      .filter((component) => component.length > 0);
  }

  /** Whether a full server has evicted a location since it started. */
  hasEvicted(server: ServerId): boolean {
    return this.horizons.has(server);
  }

  /**
   * Whether servers must still hold a location that they have learned. A full store evicts one of those received first, not
   * exactly the first. So two full stores agree only about what was received after everything that either has evicted.
   */
  mustHold(servers: readonly ServerId[], location: Location): boolean {
    return servers.every((server) => {
      const horizon = this.horizons.get(server);
      return horizon === undefined || compareReceiptTimes(location, horizon) > 0;
    });
  }

  /** Updates the view with an event. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'learned':
        return this.learn(event.server, event.location, event.from);
      case 'evicted':
        return this.evict(event);
      case 'link':
        return this.setLive(event.server, event.neighbour, event.state === 'live');
      case 'nats':
        this.natsStates.set(event.server, event.state);
        return;
      case 'members':
        this.members.set(event.server, event.members);
        return;
      case 'partition':
        return this.setPartitionState(event.server, event.partition, event.state);
      case 'started':
        return this.start(event.server, event.restored);
      case 'paused':
        this.paused.add(event.server);
        return;
      case 'resumed':
        this.paused.delete(event.server);
        return;
      case 'down':
        this.paused.delete(event.server);
        this.stored.delete(event.server);
        this.storedBytes.delete(event.server);
        this.natsStates.delete(event.server);
        this.members.delete(event.server);
        this.partitionStates.delete(event.server);
        this.running = [...this.stored.keys()];
        for (const neighbour of this.links.get(event.server) ?? []) this.liveLinks.delete(event.server, neighbour);
        return;
      default:
        return;
    }
  }

  private setLive(from: ServerId, to: ServerId, isLive: boolean): void {
    if (isLive) this.liveLinks.add(from, to);
    else this.liveLinks.delete(from, to);
  }

  private setPartitionState(server: ServerId, partition: number, state: PartitionState): void {
    const states = this.partitionStates.get(server);
    if (states === undefined) this.partitionStates.set(server, new Map([[partition, state]]));
    else states.set(partition, state);
  }

  /** Whether a server stores what it learns about a client. On NATS it only passes on what is in partitions of other servers. */
  private stores(server: ServerId, client: ClientId): boolean {
    if (!this.isOnNats || this.stored.get(server)?.has(client) === true) return true;
    return this.partitionState(server, this.partitionOf(client)) !== 'none';
  }

  private learn(server: ServerId, location: Location, from: ServerId | undefined): void {
    const stored = this.stored.get(server);
    if (stored !== undefined && this.stores(server, location.client)) {
      this.countBytes(server, bytesOf(location) - bytesOf(stored.get(location.client)?.location));
      stored.set(location.client, { location, from });
    }
    const newest = this.newest.get(location.client);
    if (newest === undefined || supersedes(location, newest.location)) {
      this.newest.set(location.client, { location, sinceMs: this.environment.nowMs() });
    }
  }

  private evict({ server, location, reason }: Extract<SimulationEvent, { kind: 'evicted' }>): void {
    const stored = this.stored.get(server);
    this.countBytes(server, -bytesOf(stored?.get(location.client)?.location));
    stored?.delete(location.client);
    if (reason === 'moved') return;
    const horizon = this.horizons.get(server);
    if (horizon === undefined || compareReceiptTimes(location, horizon) > 0) this.horizons.set(server, location);
  }

  private start(server: ServerId, restored: readonly Location[]): void {
    if (this.started.has(server)) this.restartedMs.set(server, this.environment.nowMs());
    this.started.add(server);
    this.horizons.delete(server);
    this.stored.set(server, new Map(restored.map((location) => [location.client, { location, from: undefined }])));
    this.storedBytes.set(server, 0);
    for (const location of restored) this.countBytes(server, bytesOf(location));
    this.running = [...this.stored.keys()];
  }

  private countBytes(server: ServerId, change: number): void {
    this.storedBytes.set(server, (this.storedBytes.get(server) ?? 0) + change);
  }
}

/** Bytes that a store uses for a location. */
function bytesOf(location: Location | undefined): number {
  return location === undefined ? 0 : storedLocationBytes(location.line.length);
}

/** Whether the first end of a link is the one that is listed first. */
function isCanonicalOrder(one: ServerId, other: ServerId): boolean {
  return isBrokerNode(one) === isBrokerNode(other) ? one < other : isBrokerNode(other);
}
