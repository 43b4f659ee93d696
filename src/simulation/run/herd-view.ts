import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { compareReceiptTimes, supersedes, type Location } from '../../protocol/place/location.js';
import { connectedComponents, type Topology } from '../../protocol/place/topology.js';
import { broker } from '../scenario/links-in.js';
import type { Environment, SimulationEvent } from '../environment.js';

/** A location that a server holds, and the neighbour it came from; undefined if from a client or the disk. */
export interface StoredLocation {
  readonly location: Location;
  readonly from: ServerId | undefined;
}

/** The newest location that any server ever held of a client, and when the first of them learned it. */
export interface NewestLocation {
  readonly location: Location;
  readonly sinceMs: number;
}

/** What is known of a herd from what was seen of it. */
export class HerdView {
  /** What each server that runs holds. */
  readonly stored = new Map<ServerId, Map<ClientId, StoredLocation>>();
  readonly newest = new Map<ClientId, NewestLocation>();
  /** What the broker has stored, in a herd that has one. */
  readonly bucket = new Map<ClientId, Location>();
  /** When each server last started; the first start is not a restart. */
  readonly restartedMs = new Map<ServerId, number>();
  /** The servers that are stopped, and have not crashed since. */
  readonly paused = new Set<ServerId>();
  /** The location that was received last of those that each server has evicted since it started. */
  private readonly horizons = new Map<ServerId, Location>();
  private readonly liveLinks = new Set<string>();
  private readonly started = new Set<ServerId>();
  private running: readonly ServerId[] = [];

  constructor(
    /** Between servers that talk, or between each server and the broker. */
    readonly links: Topology,
    readonly environment: Environment,
  ) {}

  /** The servers that run, or are paused. */
  get runningServers(): readonly ServerId[] {
    return this.running;
  }

  isUp(server: ServerId): boolean {
    return this.stored.has(server);
  }

  isLive(one: ServerId, other: ServerId): boolean {
    return this.liveLinks.has(`${one}>${other}`) && this.liveLinks.has(`${other}>${one}`);
  }

  /** Pairs of neighbours, or of a server and, second, the broker, that run and can reach each other. */
  reachablePairs(): (readonly [ServerId, ServerId])[] {
    const pairs: (readonly [ServerId, ServerId])[] = [];
    for (const [one, neighbours] of this.links) {
      for (const other of neighbours)
        if (isCanonicalOrder(one, other) && this.environment.canReach(one, other)) pairs.push([one, other]);
    }
    return pairs;
  }

  /** The servers that run, in groups within which they reach each other, over others if need be. */
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

  /** Whether a server has forgotten something for want of room since it started. */
  hasEvicted(server: ServerId): boolean {
    return this.horizons.has(server);
  }

  /**
   * Whether servers must still hold a location that they have learned. A full store evicts one of those received first, not the
   * first of all: so two full ones agree about what was received after all that either has evicted, and about nothing else.
   */
  mustHold(servers: readonly ServerId[], location: Location): boolean {
    return servers.every((server) => {
      const horizon = this.horizons.get(server);
      return horizon === undefined || compareReceiptTimes(location, horizon) > 0;
    });
  }

  /** Takes in what happened. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'learned':
        return this.learn(event.server, event.location, event.from);
      case 'evicted':
        return this.evict(event.server, event.location);
      case 'link': {
        const key = `${event.server}>${event.neighbour}`;
        if (event.state === 'live') this.liveLinks.add(key);
        else this.liveLinks.delete(key);
        return;
      }
      case 'bucket':
        for (const key of [`${event.server}>${broker}`, `${broker}>${event.server}`]) {
          if (event.state === 'live') this.liveLinks.add(key);
          else this.liveLinks.delete(key);
        }
        return;
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
        this.running = [...this.stored.keys()];
        for (const neighbour of this.links.get(event.server) ?? [])
          this.liveLinks.delete(`${event.server}>${neighbour}`);
        return;
      default:
        return;
    }
  }

  private learn(server: ServerId, location: Location, from: ServerId | undefined): void {
    this.stored.get(server)?.set(location.client, { location, from });
    const newest = this.newest.get(location.client);
    if (newest === undefined || supersedes(location, newest.location)) {
      this.newest.set(location.client, { location, sinceMs: this.environment.nowMs() });
    }
  }

  private evict(server: ServerId, location: Location): void {
    this.stored.get(server)?.delete(location.client);
    const horizon = this.horizons.get(server);
    if (horizon === undefined || compareReceiptTimes(location, horizon) > 0) this.horizons.set(server, location);
  }

  private start(server: ServerId, restored: readonly Location[]): void {
    if (this.started.has(server)) this.restartedMs.set(server, this.environment.nowMs());
    this.started.add(server);
    this.horizons.delete(server);
    this.stored.set(server, new Map(restored.map((location) => [location.client, { location, from: undefined }])));
    this.running = [...this.stored.keys()];
  }
}

/** Of two ends of a way, the one that is named first. */
function isCanonicalOrder(one: ServerId, other: ServerId): boolean {
  return one !== broker && (other === broker || one < other);
}
