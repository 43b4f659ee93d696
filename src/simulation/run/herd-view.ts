import { storedLocationBytes } from '../../actors/store/location-bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { compareReceiptTimes, supersedes, type Location } from '../../protocol/place/location.js';
import { connectedComponents, type Topology } from '../../protocol/place/topology.js';
import { broker } from '../scenario/links-in.js';
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
  /** Contents of the broker's bucket, if the herd has one. */
  readonly bucket = new Map<ClientId, Location>();
  /** When each restarted server last started, in scenario milliseconds. The first start is not a restart. */
  readonly restartedMs = new Map<ServerId, number>();
  /** Servers that are paused and have not crashed since. */
  readonly paused = new Set<ServerId>();
  /** Of the locations that each server has evicted since it started, the one received last. */
  private readonly horizons = new Map<ServerId, Location>();
  private readonly liveLinks = new LinkSet<ServerId>();
  private readonly started = new Set<ServerId>();
  private running: readonly ServerId[] = [];

  constructor(
    /** Links between servers, or between each server and the broker. */
    readonly links: Topology,
    readonly environment: Environment,
  ) {}

  /** Servers that run, including paused ones. */
  get runningServers(): readonly ServerId[] {
    return this.running;
  }

  isUp(server: ServerId): boolean {
    return this.stored.has(server);
  }

  isLive(one: ServerId, other: ServerId): boolean {
    return this.liveLinks.has(one, other) && this.liveLinks.has(other, one);
  }

  /** Running pairs that can reach each other: neighbours, or a server and, second, the broker. */
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
    const nodes = this.links.has(broker) ? [...this.runningServers, broker] : this.runningServers;
    const topology = new Map(
      nodes.map((node) => [
        node,
        pairs.flatMap(([one, other]) => (one === node ? [other] : other === node ? [one] : [])),
      ]),
    );
    return connectedComponents(topology)
      .map((component) => component.filter((node) => node !== broker))
      .filter((component) => component.length > 0);
  }

  /** Whether a server has evicted a location since it started. */
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
        return this.evict(event.server, event.location);
      case 'link':
        return this.setLive(event.server, event.neighbour, event.state === 'live');
      case 'bucket':
        this.setLive(event.server, broker, event.state === 'live');
        return this.setLive(broker, event.server, event.state === 'live');
      case 'stored':
        this.bucket.set(event.location.client, event.location);
        return;
      case 'wiped':
        return this.bucket.clear();
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

  private learn(server: ServerId, location: Location, from: ServerId | undefined): void {
    const stored = this.stored.get(server);
    if (stored !== undefined) {
      this.countBytes(server, bytesOf(location) - bytesOf(stored.get(location.client)?.location));
      stored.set(location.client, { location, from });
    }
    const newest = this.newest.get(location.client);
    if (newest === undefined || supersedes(location, newest.location)) {
      this.newest.set(location.client, { location, sinceMs: this.environment.nowMs() });
    }
  }

  private evict(server: ServerId, location: Location): void {
    const stored = this.stored.get(server);
    this.countBytes(server, -bytesOf(stored?.get(location.client)?.location));
    stored?.delete(location.client);
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
  return one !== broker && (other === broker || one < other);
}
