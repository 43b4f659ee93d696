import { compareAtLines } from '../../../src/protocol/place/location-order.js';

/** What a server says of a client: its newest AT line, and the parts of it that are drawn. */
export interface ClientLocation {
  readonly client: string;
  /** The server that first got it. */
  readonly server: string;
  /** Latitude and longitude in degrees. */
  readonly position: readonly [latitude: number, longitude: number];
  readonly line: string;
}

/** More clients than this are not drawn: the page says so. Each costs about a kilobyte. */
export const maxClients = 50_000;

/** How many places a trail has. */
export const trailPoints = 20;

/** How long a dot glides to where it was reported, in milliseconds. */
const glideMs = 500;

/** An update that is on its way is not missing yet: a flood takes some milliseconds, or more where much is told. */
const floodMs = 250;

/** Servers that are told apart: a bit each. */
const maxServers = 31;

/**
 * Every client that any server has told of: the newest line, where it is drawn, its trail, and which servers hold that line.
 * Columns of numbers, for ten thousand of them are looked at thirty times a second.
 */
export class Locations {
  readonly clients: string[] = [];
  readonly lines: string[] = [];
  latitudes = new Float32Array(0);
  longitudes = new Float32Array(0);
  /** The server that first got the location: its index. */
  firstServers = new Uint8Array(0);
  /** When the newest line was told, on the page's clock in milliseconds. */
  updatedAtMs = new Float64Array(0);
  /** Places of the trail, oldest overwritten first: latitude, longitude. */
  trails = new Float32Array(0);
  /** How many places have ever been put into the trail. */
  trailCounts = new Uint32Array(0);
  /** New locations of all time. */
  updates = 0;
  /** Clients that are not kept, for there are too many. */
  omitted = 0;
  private readonly indices = new Map<string, number>();
  private movedAtMs = -Infinity;
  private holders = new Int32Array(0);
  private fromLatitudes = new Float32Array(0);
  private fromLongitudes = new Float32Array(0);

  get count(): number {
    return this.clients.length;
  }

  indexOf(client: string): number | undefined {
    return this.indices.get(client);
  }

  /** Takes in what the server of an index tells. `firstServer` is the index of the server that got it. */
  update(location: ClientLocation, server: number, firstServer: number, nowMs: number): void {
    const holder = 1 << Math.min(server, maxServers);
    const index = this.indices.get(location.client);
    if (index === undefined) return this.add(location, holder, firstServer, nowMs);
    const line = this.lines[index] ?? '';
    if (line === location.line) {
      this.holders[index] = (this.holders[index] ?? 0) | holder;
    } else if (compareAtLines(location.line, line) > 0) {
      this.move(index, location, holder, firstServer, nowMs);
    }
  }

  /** A server is gone, and with it what it held. */
  removeServer(server: number): void {
    const mask = ~(1 << Math.min(server, maxServers));
    for (let index = 0; index < this.count; index += 1) this.holders[index] = (this.holders[index] ?? 0) & mask;
  }

  holds(server: number, index: number): boolean {
    return ((this.holders[index] ?? 0) & (1 << Math.min(server, maxServers))) !== 0;
  }

  /** How many clients there are whose newest line a server should hold by now, and does not, as far as it has told. */
  countMissing(server: number, nowMs: number): number {
    let count = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (!this.holds(server, index) && nowMs - (this.updatedAtMs[index] ?? 0) > floodMs) count += 1;
    }
    return count;
  }

  /** How far a client's dot has glided: 0 to 1. */
  private progress(index: number, nowMs: number): number {
    return Math.min(1, (nowMs - (this.updatedAtMs[index] ?? 0)) / glideMs);
  }

  /** Where the dot of a client is drawn now. */
  latitudeAt(index: number, nowMs: number): number {
    const [from, to] = [this.fromLatitudes[index] ?? 0, this.latitudes[index] ?? 0];
    return from + (to - from) * this.progress(index, nowMs);
  }

  longitudeAt(index: number, nowMs: number): number {
    const [from, to] = [this.fromLongitudes[index] ?? 0, this.longitudes[index] ?? 0];
    // Over the edge of the map it does not glide, it jumps.
    return Math.abs(to - from) > 180 ? to : from + (to - from) * this.progress(index, nowMs);
  }

  /** Whether any dot glides still, or has come to rest since the last frame or so. */
  isMoving(nowMs: number): boolean {
    return nowMs - this.movedAtMs < glideMs + 100;
  }

  private add(location: ClientLocation, holder: number, firstServer: number, nowMs: number): void {
    if (this.count >= maxClients) return void (this.omitted += 1);
    const index = this.count;
    if (index === this.latitudes.length) this.grow();
    this.indices.set(location.client, index);
    this.clients.push(location.client);
    this.lines.push('');
    [this.fromLatitudes[index], this.fromLongitudes[index]] = location.position;
    [this.latitudes[index], this.longitudes[index]] = location.position;
    this.move(index, location, holder, firstServer, nowMs);
  }

  private move(
    index: number,
    { line, position }: ClientLocation,
    holder: number,
    firstServer: number,
    nowMs: number,
  ): void {
    const [latitude, longitude] = position;
    [this.fromLatitudes[index], this.fromLongitudes[index]] = [
      this.latitudeAt(index, nowMs),
      this.longitudeAt(index, nowMs),
    ];
    this.lines[index] = line;
    this.holders[index] = holder;
    this.firstServers[index] = firstServer;
    this.latitudes[index] = latitude;
    this.longitudes[index] = longitude;
    this.updatedAtMs[index] = nowMs;
    this.movedAtMs = nowMs;
    this.updates += 1;
    const places = this.trailCounts[index] ?? 0;
    const place = 2 * (index * trailPoints + (places % trailPoints));
    this.trails[place] = latitude;
    this.trails[place + 1] = longitude;
    this.trailCounts[index] = places + 1;
  }

  private grow(): void {
    const size = Math.min(maxClients, Math.max(1_024, 2 * this.count));
    this.latitudes = copyInto(this.latitudes, new Float32Array(size));
    this.longitudes = copyInto(this.longitudes, new Float32Array(size));
    this.fromLatitudes = copyInto(this.fromLatitudes, new Float32Array(size));
    this.fromLongitudes = copyInto(this.fromLongitudes, new Float32Array(size));
    this.firstServers = copyInto(this.firstServers, new Uint8Array(size));
    this.updatedAtMs = copyInto(this.updatedAtMs, new Float64Array(size));
    this.trailCounts = copyInto(this.trailCounts, new Uint32Array(size));
    this.holders = copyInto(this.holders, new Int32Array(size));
    this.trails = copyInto(this.trails, new Float32Array(size * 2 * trailPoints));
  }
}

function copyInto<Column extends Float32Array | Float64Array | Uint8Array | Uint32Array | Int32Array>(
  column: Column,
  into: Column,
): Column {
  into.set(column);
  return into;
}
