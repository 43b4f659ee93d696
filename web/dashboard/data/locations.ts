import { compareAtLines } from '../../../src/protocol/place/location-order.js';

/** What a server says of a client: its newest AT line, and the parts of it that are drawn. */
export interface Told {
  readonly client: string;
  /** The server that first got it. */
  readonly server: string;
  /** Latitude and longitude in degrees. */
  readonly position: readonly [latitude: number, longitude: number];
  readonly line: string;
}

/** More clients than this are not drawn: the page says so. Each costs about a kilobyte. */
export const clientsMax = 50_000;

/** How many places a trail has. */
export const trailPoints = 20;

/** How long a dot glides to where it was reported, in milliseconds. */
const glideMs = 500;

/** An update that is on its way is not missing yet: a flood takes some milliseconds, or more where much is told. */
const floodMs = 250;

/** Servers that are told apart: a bit each. */
const serversMax = 31;

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
  toldAtMs = new Float64Array(0);
  /** Places of the trail, oldest overwritten first: latitude, longitude. */
  trails = new Float32Array(0);
  /** How many places have ever been put into the trail. */
  trailCounts = new Uint32Array(0);
  /** New locations of all time. */
  updates = 0;
  /** Clients that are not kept, for there are too many. */
  leftOut = 0;
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

  /** Takes in what the server of an index tells. `first` is the index of the server that got it. */
  take(told: Told, teller: number, first: number, nowMs: number): void {
    const holder = 1 << Math.min(teller, serversMax);
    const known = this.indices.get(told.client);
    if (known === undefined) return this.add(told, holder, first, nowMs);
    const line = this.lines[known] ?? '';
    if (line === told.line) {
      this.holders[known] = (this.holders[known] ?? 0) | holder;
    } else if (compareAtLines(told.line, line) > 0) {
      this.move(known, told, holder, first, nowMs);
    }
  }

  /** A server is gone, and with it what it held. */
  forget(teller: number): void {
    const left = ~(1 << Math.min(teller, serversMax));
    for (let at = 0; at < this.count; at += 1) this.holders[at] = (this.holders[at] ?? 0) & left;
  }

  holds(teller: number, at: number): boolean {
    return ((this.holders[at] ?? 0) & (1 << Math.min(teller, serversMax))) !== 0;
  }

  /** How many clients there are whose newest line a server should hold by now, and does not, as far as it has told. */
  missing(teller: number, nowMs: number): number {
    let missing = 0;
    for (let at = 0; at < this.count; at += 1) {
      if (!this.holds(teller, at) && nowMs - (this.toldAtMs[at] ?? 0) > floodMs) missing += 1;
    }
    return missing;
  }

  /** How far a client's dot has glided: 0 to 1. */
  private progress(at: number, nowMs: number): number {
    return Math.min(1, (nowMs - (this.toldAtMs[at] ?? 0)) / glideMs);
  }

  /** Where the dot of a client is drawn now. */
  latitudeAt(at: number, nowMs: number): number {
    const [from, to] = [this.fromLatitudes[at] ?? 0, this.latitudes[at] ?? 0];
    return from + (to - from) * this.progress(at, nowMs);
  }

  longitudeAt(at: number, nowMs: number): number {
    const [from, to] = [this.fromLongitudes[at] ?? 0, this.longitudes[at] ?? 0];
    // Over the edge of the map it does not glide, it jumps.
    return Math.abs(to - from) > 180 ? to : from + (to - from) * this.progress(at, nowMs);
  }

  /** Whether any dot glides still, or has come to rest since the last frame or so. */
  isMoving(nowMs: number): boolean {
    return nowMs - this.movedAtMs < glideMs + 100;
  }

  private add(told: Told, holder: number, first: number, nowMs: number): void {
    if (this.count >= clientsMax) return void (this.leftOut += 1);
    const at = this.count;
    if (at === this.latitudes.length) this.grow();
    this.indices.set(told.client, at);
    this.clients.push(told.client);
    this.lines.push('');
    [this.fromLatitudes[at], this.fromLongitudes[at]] = told.position;
    [this.latitudes[at], this.longitudes[at]] = told.position;
    this.move(at, told, holder, first, nowMs);
  }

  private move(at: number, { line, position }: Told, holder: number, first: number, nowMs: number): void {
    const [latitude, longitude] = position;
    [this.fromLatitudes[at], this.fromLongitudes[at]] = [this.latitudeAt(at, nowMs), this.longitudeAt(at, nowMs)];
    this.lines[at] = line;
    this.holders[at] = holder;
    this.firstServers[at] = first;
    this.latitudes[at] = latitude;
    this.longitudes[at] = longitude;
    this.toldAtMs[at] = nowMs;
    this.movedAtMs = nowMs;
    this.updates += 1;
    const places = this.trailCounts[at] ?? 0;
    const place = 2 * (at * trailPoints + (places % trailPoints));
    this.trails[place] = latitude;
    this.trails[place + 1] = longitude;
    this.trailCounts[at] = places + 1;
  }

  private grow(): void {
    const size = Math.min(clientsMax, Math.max(1_024, 2 * this.count));
    this.latitudes = longer(this.latitudes, new Float32Array(size));
    this.longitudes = longer(this.longitudes, new Float32Array(size));
    this.fromLatitudes = longer(this.fromLatitudes, new Float32Array(size));
    this.fromLongitudes = longer(this.fromLongitudes, new Float32Array(size));
    this.firstServers = longer(this.firstServers, new Uint8Array(size));
    this.toldAtMs = longer(this.toldAtMs, new Float64Array(size));
    this.trailCounts = longer(this.trailCounts, new Uint32Array(size));
    this.holders = longer(this.holders, new Int32Array(size));
    this.trails = longer(this.trails, new Float32Array(size * 2 * trailPoints));
  }
}

function longer<Column extends Float32Array | Float64Array | Uint8Array | Uint32Array | Int32Array>(
  column: Column,
  into: Column,
): Column {
  into.set(column);
  return into;
}
