import type { Clock } from '../../actors/ports/clock.js';
import type { SeededRandom } from '../time/seeded-random.js';
import { OneWay } from './one-way.js';
import { Path, type NetworkConditions } from './path.js';
import { Socket, type SocketEdges, type SocketHost, type SocketListener } from './socket.js';
import { Stream, type Segment } from './stream.js';
import { SimulatedTurn } from './turn.js';

/** Takes calls on behalf of a host. */
export interface Door {
  readonly host: SocketHost;
  /** Takes a call; returns who listens to it. */
  accept(socket: Socket, caller: string): SocketListener;
}

/** Where a door is, and in which phase of a turn those who meet there are written to. */
export interface DoorAddress {
  readonly address: string;
  readonly phase: 'links' | 'clients';
}

/** What a process wrote in one turn. */
interface Writes {
  readonly turn: number;
  readonly writes: { readonly stream: Stream; readonly segment: Segment }[];
}

/** Hears of every segment of bytes that arrives. */
export type OnCarried = (from: string, to: string, segment: Segment) => void;

/** A network between named hosts: each has paths to the others, and doors at which it takes calls. */
export class SimulatedNetwork implements SocketEdges {
  readonly turn = new SimulatedTurn();
  private readonly paths = new Map<string, Path>();
  private readonly doors = new Map<string, Door>();
  private readonly sockets = new Set<Socket>();
  /** What each process wrote in the last turn in which it wrote something, in order. */
  private readonly lastWrites = new Map<SocketHost, Writes>();
  private readonly kills: SeededRandom;
  /** Streams that may hold something back, by their paths. */
  private readonly streams = new Map<Path, Set<Stream>>();

  constructor(
    private readonly clock: Clock,
    private readonly random: SeededRandom,
    private readonly usual: NetworkConditions,
    private readonly onCarried: OnCarried,
  ) {
    this.kills = random.stream('kills');
  }

  get bufferBytes(): number {
    return this.usual.bufferBytes;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  carried(from: SocketHost, to: SocketHost, segment: Segment): void {
    this.onCarried(from.name, to.name, segment);
  }

  wrote(host: SocketHost, stream: Stream, segment: Segment): void {
    const { number } = this.turn;
    let last = this.lastWrites.get(host);
    if (last?.turn !== number) {
      last = { turn: number, writes: [] };
      this.lastWrites.set(host, last);
    }
    last.writes.push({ stream, segment });
  }

  /** The way between two hosts, in this direction. */
  path(from: string, to: string): Path {
    const key = `${from}>${to}`;
    let path = this.paths.get(key);
    if (path === undefined) {
      path = new Path(this.usual, this.random.stream(key));
      this.paths.set(key, path);
    }
    return path;
  }

  /** Takes calls at an address, until it is told otherwise. */
  listen({ address }: DoorAddress, door: Door): void {
    this.doors.set(address, door);
  }

  /** Calls an address of a host. */
  dial(from: SocketHost, to: string, { address, phase }: DoorAddress, listener: SocketListener): Socket {
    const near = new Socket(from, this.turn[phase], this);
    near.listener = listener;
    const there = this.path(from.name, to);
    const outgoing = new Stream(this.clock, there, {
      arrived: (segment) => (segment.kind === 'call' ? this.ring(near, to, { address, phase }) : near.arrived(segment)),
      gaveUp: () => near.gaveUp(),
    });
    this.keep(near, outgoing);
    near.send('call');
    return near;
  }

  /** One direction of a connection between two hosts that need no sockets. */
  way(from: SocketHost, to: SocketHost): OneWay {
    const path = this.path(from.name, to.name);
    const way: OneWay = new OneWay({
      nowMs: () => this.nowMs(),
      arrived: (segment, then) => {
        if (to.life === 'alive') this.carried(from, to, segment);
        to.run(then);
      },
      over: () => this.drop(stream),
    });
    const stream = new Stream(this.clock, path, way);
    this.add(stream);
    way.ride(stream);
    return way;
  }

  /** Breaks every connection that a host has an end of, as the system of a killed process does. */
  resetAll(host: SocketHost): void {
    this.loseLastWrites(host);
    for (const socket of [...this.sockets]) if (socket.host === host) socket.reset();
    for (const [address, door] of this.doors) if (door.host === host) this.doors.delete(address);
  }

  /** Tells the connections over a path that it has changed. */
  pathChanged(path: Path): void {
    for (const stream of this.streams.get(path) ?? []) stream.pathChanged();
  }

  /** Lets go of a socket that is closed. What it has sent is still under way. */
  forget(socket: Socket): void {
    this.sockets.delete(socket);
    // While its far end is open, what it has sent may be held up, and go on when the path is mended.
    if (socket.far?.isOpen === true) return;
    this.release(socket);
    if (socket.far !== undefined) this.release(socket.far);
  }

  /** The bytes under way from a host, in the connection that has most of them. */
  underWayBytes(host: SocketHost): number {
    let bytes = 0;
    for (const socket of this.sockets) if (socket.host === host) bytes = Math.max(bytes, socket.underWayBytes);
    return bytes;
  }

  /** A kill may strike between two writes of a turn: of the last ones, some were never made, if they have not arrived. */
  private loseLastWrites(host: SocketHost): void {
    const writes = this.lastWrites.get(host)?.writes ?? [];
    this.lastWrites.delete(host);
    const kept = this.kills.below(writes.length + 1);
    for (const { stream, segment } of writes.slice(kept).reverse()) {
      if (stream.takeBack(segment) === 'too late') return;
    }
  }

  private ring(near: Socket, to: string, { address, phase }: DoorAddress): void {
    const door = this.doors.get(address);
    const back = this.path(to, near.host.name);
    const host = door?.host ?? { name: to, life: 'dead', run: () => undefined };
    const far = new Socket(host, this.turn[phase], this);
    far.far = near;
    near.far = far;
    this.keep(far, new Stream(this.clock, back, far));
    if (door === undefined || door.host.life === 'dead') return far.reset();
    far.open();
    far.send('answer');
    door.host.run(() => {
      far.listener = door.accept(far, near.host.name);
    });
  }

  private keep(socket: Socket, stream: Stream): void {
    socket.out = stream;
    this.sockets.add(socket);
    this.add(stream);
  }

  private release({ out }: Socket): void {
    if (out !== undefined) this.drop(out);
  }

  private add(stream: Stream): void {
    const streams = this.streams.get(stream.path) ?? new Set();
    this.streams.set(stream.path, streams.add(stream));
  }

  private drop(stream: Stream): void {
    const streams = this.streams.get(stream.path);
    streams?.delete(stream);
    if (streams?.size === 0) this.streams.delete(stream.path);
  }
}
