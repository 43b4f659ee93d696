import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { compareReceipts, supersedes, type Location } from '../../protocol/place/location.js';
import { partsOf, type Topology } from '../../protocol/place/topology.js';
import { engine } from '../scenario/links-in.js';
import type { World, WorldEvent } from '../environment.js';

/** A location that a server holds, and the neighbour it came from; undefined if from a client or the disk. */
export interface Held {
  readonly location: Location;
  readonly from: ServerId | undefined;
}

/** The newest location that any server ever held of a client, and when the first of them learned it. */
export interface Newest {
  readonly location: Location;
  readonly sinceMs: number;
}

/** What is known of a herd from what was seen of it. */
export class HerdView {
  /** What each server that runs holds. */
  readonly held = new Map<ServerId, Map<ClientId, Held>>();
  readonly newest = new Map<ClientId, Newest>();
  /** What the engine has stored, in a herd that has one. */
  readonly bucket = new Map<ClientId, Location>();
  /** When each server last started; the first start is not a restart. */
  readonly restartedMs = new Map<ServerId, number>();
  /** The servers that are stopped, and have not crashed since. */
  readonly paused = new Set<ServerId>();
  /** The location that was received last of those that each server has evicted since it started. */
  private readonly horizons = new Map<ServerId, Location>();
  private readonly live = new Set<string>();
  private readonly started = new Set<ServerId>();
  private running: readonly ServerId[] = [];

  constructor(
    /** Between servers that talk, or between each server and the engine. */
    readonly ways: Topology,
    readonly world: World,
  ) {}

  /** The servers that run, or are paused. */
  get up(): readonly ServerId[] {
    return this.running;
  }

  isUp(server: ServerId): boolean {
    return this.held.has(server);
  }

  isLive(one: ServerId, other: ServerId): boolean {
    return this.live.has(`${one}>${other}`) && this.live.has(`${other}>${one}`);
  }

  /** Pairs of neighbours, or of a server and, second, the engine, that run and can reach each other. */
  reachable(): (readonly [ServerId, ServerId])[] {
    const pairs: (readonly [ServerId, ServerId])[] = [];
    for (const [one, neighbours] of this.ways) {
      for (const other of neighbours)
        if (isFirst(one, other) && this.world.reaches(one, other)) pairs.push([one, other]);
    }
    return pairs;
  }

  /** The servers that run, in groups within which they reach each other, over others if need be. */
  parts(): ServerId[][] {
    const pairs = this.reachable();
    const parties = this.ways.has(engine) ? [...this.up, engine] : this.up;
    const topology = new Map(
      parties.map((party) => [
        party,
        pairs.flatMap(([one, other]) => (one === party ? [other] : other === party ? [one] : [])),
      ]),
    );
    return partsOf(topology)
      .map((part) => part.filter((party) => party !== engine))
      .filter((part) => part.length > 0);
  }

  /** Whether a server has forgotten something for want of room since it started. */
  hasForgotten(server: ServerId): boolean {
    return this.horizons.has(server);
  }

  /**
   * Whether servers must still hold a location that they have learned. A full store evicts one of those received first, not the
   * first of all: so two full ones agree about what was received after all that either has evicted, and about nothing else.
   */
  mustKeep(servers: readonly ServerId[], location: Location): boolean {
    return servers.every((server) => {
      const horizon = this.horizons.get(server);
      return horizon === undefined || compareReceipts(location, horizon) > 0;
    });
  }

  /** Takes in what happened. */
  note(event: WorldEvent): void {
    switch (event.kind) {
      case 'learned':
        return this.learn(event.server, event.location, event.from);
      case 'forgotten':
        return this.forget(event.server, event.location);
      case 'link': {
        const key = `${event.server}>${event.neighbour}`;
        if (event.state === 'live') this.live.add(key);
        else this.live.delete(key);
        return;
      }
      case 'bucket':
        for (const key of [`${event.server}>${engine}`, `${engine}>${event.server}`]) {
          if (event.state === 'live') this.live.add(key);
          else this.live.delete(key);
        }
        return;
      case 'stored':
        this.bucket.set(event.location.client, event.location);
        return;
      case 'wiped':
        return this.bucket.clear();
      case 'started':
        return this.start(event.server, event.remembered);
      case 'paused':
        this.paused.add(event.server);
        return;
      case 'resumed':
        this.paused.delete(event.server);
        return;
      case 'down':
        this.paused.delete(event.server);
        this.held.delete(event.server);
        this.running = [...this.held.keys()];
        for (const neighbour of this.ways.get(event.server) ?? []) this.live.delete(`${event.server}>${neighbour}`);
        return;
      default:
        return;
    }
  }

  private learn(server: ServerId, location: Location, from: ServerId | undefined): void {
    this.held.get(server)?.set(location.client, { location, from });
    const newest = this.newest.get(location.client);
    if (newest === undefined || supersedes(location, newest.location)) {
      this.newest.set(location.client, { location, sinceMs: this.world.nowMs() });
    }
  }

  private forget(server: ServerId, location: Location): void {
    this.held.get(server)?.delete(location.client);
    const horizon = this.horizons.get(server);
    if (horizon === undefined || compareReceipts(location, horizon) > 0) this.horizons.set(server, location);
  }

  private start(server: ServerId, remembered: readonly Location[]): void {
    if (this.started.has(server)) this.restartedMs.set(server, this.world.nowMs());
    this.started.add(server);
    this.horizons.delete(server);
    this.held.set(server, new Map(remembered.map((location) => [location.client, { location, from: undefined }])));
    this.running = [...this.held.keys()];
  }
}

/** Of two ends of a way, the one that is named first. */
function isFirst(one: ServerId, other: ServerId): boolean {
  return one !== engine && (other === engine || one < other);
}
