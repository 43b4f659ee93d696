import { compareAtLines } from '../../../src/protocol/place/location-order.js';
import type { Position } from './circle.js';

/** Location of a client as servers send it: the AT line and the parts of it that are drawn. */
export interface ClientLocation {
  readonly client: string;
  /** The server that received the report. */
  readonly server: string;
  readonly position: Position;
  readonly line: string;
}

/** Maximum number of clients drawn. Each takes about a kilobyte. */
export const maxClients = 50_000;

/** Positions per trail. */
export const trailPoints = 20;

/** Duration of the animation to a new position, in milliseconds. */
const animationMs = 500;

/** Age in milliseconds below which an update does not count as missing, because it may still be propagating. */
const propagationMs = 250;

/** Maximum number of servers tracked separately: one bit each in `holders`. */
const maxServers = 31;

/**
 * All clients known to any server: the newest AT line, the position drawn, the trail, and the servers that have that line.
 * Stored as columns of numbers, because ten thousand clients are read thirty times a second.
 */
export class Locations {
  readonly clients: string[] = [];
  readonly lines: string[] = [];
  latitudes = new Float32Array(0);
  longitudes = new Float32Array(0);
  /** Index of the server that received the report. */
  firstServers = new Uint8Array(0);
  /** Arrival of the newest line on the page's clock in milliseconds. */
  updatedAtMs = new Float64Array(0);
  /** Ring buffer of the trail: latitude, longitude. */
  trails = new Float32Array(0);
  /** Positions ever added to the trail. */
  trailCounts = new Uint32Array(0);
  /** New locations since the page was opened. */
  updates = 0;
  /** Updates of clients beyond the maximum, which are not kept. */
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

  /** Adds a location that a server has. `server` and `firstServer` (the receiver of the report) are indices. */
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

  /** Removes a server from the holders of all clients. */
  removeServer(server: number): void {
    const mask = ~(1 << Math.min(server, maxServers));
    for (let index = 0; index < this.count; index += 1) this.holders[index] = (this.holders[index] ?? 0) & mask;
  }

  holds(server: number, index: number): boolean {
    return ((this.holders[index] ?? 0) & (1 << Math.min(server, maxServers))) !== 0;
  }

  /** Number of clients whose newest line a server should have by now and has not reported. */
  countMissing(server: number, nowMs: number): number {
    let count = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (!this.holds(server, index) && nowMs - (this.updatedAtMs[index] ?? 0) > propagationMs) count += 1;
    }
    return count;
  }

  /** Progress of a dot's animation: 0 to 1. */
  private progress(index: number, nowMs: number): number {
    return Math.min(1, (nowMs - (this.updatedAtMs[index] ?? 0)) / animationMs);
  }

  /** Latitude at which a dot is drawn now. */
  latitudeAt(index: number, nowMs: number): number {
    const [from, to] = [this.fromLatitudes[index] ?? 0, this.latitudes[index] ?? 0];
    return from + (to - from) * this.progress(index, nowMs);
  }

  /** Longitude at which a dot is drawn now. */
  longitudeAt(index: number, nowMs: number): number {
    const [from, to] = [this.fromLongitudes[index] ?? 0, this.longitudes[index] ?? 0];
    // Across the edge of the map a dot jumps.
    return Math.abs(to - from) > 180 ? to : from + (to - from) * this.progress(index, nowMs);
  }

  /** Whether a dot is animated, or was within the last frames. */
  isMoving(nowMs: number): boolean {
    return nowMs - this.movedAtMs < animationMs + 100;
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
    const count = this.trailCounts[index] ?? 0;
    const slot = 2 * (index * trailPoints + (count % trailPoints));
    this.trails[slot] = latitude;
    this.trails[slot + 1] = longitude;
    this.trailCounts[index] = count + 1;
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
