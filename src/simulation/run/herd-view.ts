import type { ClientId, ServerId } from '../../protocol/ids.js';
import { supersedes, type Location } from '../../protocol/location.js';
import { compareInstants } from '../../protocol/time.js';
import { partsOf, type Topology } from '../../protocol/topology.js';
import type { World, WorldEvent } from '../world.js';

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
  /** When each server last started; the first start is not a restart. */
  readonly restartedMs = new Map<ServerId, number>();
  /** The newest location that each server has forgotten for want of room since it started. */
  private readonly horizons = new Map<ServerId, Location>();
  private readonly live = new Set<string>();
  private readonly started = new Set<ServerId>();
  private running: readonly ServerId[] = [];

  constructor(
    readonly topology: Topology,
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

  /** Pairs of neighbours that run and can reach each other. */
  reachable(): (readonly [ServerId, ServerId])[] {
    const pairs: (readonly [ServerId, ServerId])[] = [];
    for (const [one, neighbours] of this.topology) {
      for (const other of neighbours) if (one < other && this.world.reaches(one, other)) pairs.push([one, other]);
    }
    return pairs;
  }

  /** The servers that run, in groups within which they reach each other, over others if need be. */
  parts(): ServerId[][] {
    const pairs = this.reachable();
    const topology = new Map(
      this.up.map((server) => [
        server,
        pairs.flatMap(([one, other]) => (one === server ? [other] : other === server ? [one] : [])),
      ]),
    );
    return partsOf(topology);
  }

  /** Whether a server has forgotten something for want of room since it started. */
  hasForgotten(server: ServerId): boolean {
    return this.horizons.has(server);
  }

  /**
   * Whether servers must still hold a location that they have learned. A full store forgets one among its oldest, not the
   * oldest of all: so two full ones agree about what is newer than all that either has forgotten, and about nothing else.
   */
  mustKeep(servers: readonly ServerId[], location: Location): boolean {
    return servers.every((server) => {
      const horizon = this.horizons.get(server);
      return horizon === undefined || compareInstants(location, horizon) > 0;
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
      case 'started':
        return this.start(event.server, event.remembered);
      case 'down':
        this.held.delete(event.server);
        this.running = [...this.held.keys()];
        for (const neighbour of this.topology.get(event.server) ?? []) this.live.delete(`${event.server}>${neighbour}`);
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
    if (horizon === undefined || compareInstants(location, horizon) > 0) this.horizons.set(server, location);
  }

  private start(server: ServerId, remembered: readonly Location[]): void {
    if (this.started.has(server)) this.restartedMs.set(server, this.world.nowMs());
    this.started.add(server);
    this.horizons.delete(server);
    this.held.set(server, new Map(remembered.map((location) => [location.client, { location, from: undefined }])));
    this.running = [...this.held.keys()];
  }
}
