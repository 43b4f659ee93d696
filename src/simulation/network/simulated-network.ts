import type { Clock } from '../../actors/ports/clock.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { SeededRandom } from '../time/seeded-random.js';
import { OneWay } from './one-way.js';
import { Path, type NetworkConditions } from './path.js';
import { maxSegmentBytes, Socket, type SocketDependencies, type SocketHost, type SocketListener } from './socket.js';
import { Stream, type Segment } from './stream.js';
import { SimulatedTurn } from './simulated-turn.js';

/** Accepts connections for a host. */
export interface NetworkListener {
  readonly host: SocketHost;
  /** Accepts a connection; returns its listener. */
  accept(socket: Socket, caller: string): SocketListener;
}

/** Address of a listener, and the phase of a turn in which its connections are flushed. */
export interface ListenerAddress {
  readonly address: string;
  readonly phase: 'links' | 'clients';
}

/** Writes of a process in one turn. */
interface TurnWrites {
  readonly turn: number;
  readonly writes: { readonly sender: SegmentSender; readonly segment: Segment }[];
}

/** One direction of a connection, from which a segment may be removed. */
type SegmentSender = Pick<Stream, 'cancel'>;

/** Called for every data segment that arrives. */
export type OnDelivered = (from: string, to: string, segment: Segment) => void;

/** A network of named hosts, with a path between any two, and listeners that accept connections. */
export class SimulatedNetwork implements SocketDependencies {
  readonly turn = new SimulatedTurn();
  /** Holds the bytes of a segment while they are delivered to a server. */
  readonly receiveBuffer = new WordBuffer(maxSegmentBytes);
  /** By source and destination. */
  private readonly paths = new Map<string, Map<string, Path>>();
  private readonly listeners = new Map<string, NetworkListener>();
  private readonly sockets = new Set<Socket>();
  /** Writes of each process in the last turn in which it wrote, in order. */
  private readonly lastWrites = new Map<SocketHost, TurnWrites>();
  private readonly killRandom: SeededRandom;
  /** Streams that may hold data back, by path. */
  private readonly streams = new Map<Path, Set<Stream>>();

  constructor(
    private readonly clock: Clock,
    private readonly random: SeededRandom,
    private readonly normalConditions: NetworkConditions,
    private readonly onDelivered: OnDelivered,
  ) {
    this.killRandom = random.stream('kills');
  }

  get bufferBytes(): number {
    return this.normalConditions.bufferBytes;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  delivered(from: SocketHost, to: SocketHost, segment: Segment): void {
    this.onDelivered(from.name, to.name, segment);
  }

  recordWrite(host: SocketHost, sender: SegmentSender, segment: Segment): void {
    const { number } = this.turn;
    let last = this.lastWrites.get(host);
    if (last?.turn !== number) {
      last = { turn: number, writes: [] };
      this.lastWrites.set(host, last);
    }
    last.writes.push({ sender, segment });
  }

  /** Returns the path between two hosts in this direction. */
  path(from: string, to: string): Path {
    let paths = this.paths.get(from);
    if (paths === undefined) this.paths.set(from, (paths = new Map<string, Path>()));
    let path = paths.get(to);
    if (path === undefined)
      paths.set(to, (path = new Path(this.normalConditions, this.random.stream(`${from}>${to}`))));
    return path;
  }

  /** Accepts connections at an address until `unlisten`. */
  listen({ address }: ListenerAddress, door: NetworkListener): void {
    this.listeners.set(address, door);
  }

  /** Connects to an address of a host. */
  dial(from: SocketHost, to: string, { address, phase }: ListenerAddress, listener: SocketListener): Socket {
    const local = new Socket(from, this.turn[phase], this);
    local.listener = listener;
    const path = this.path(from.name, to);
    const outgoing = new Stream(this.clock, path, {
      arrived: (segment) =>
        segment.kind === 'call' ? this.connect(local, to, { address, phase }) : local.arrived(segment),
      timedOut: () => local.timedOut(),
    });
    this.attachStream(local, outgoing);
    local.send('call');
    return local;
  }

  /** Opens one direction of a connection between two hosts without sockets. */
  openOneWay(from: SocketHost, to: SocketHost): OneWay {
    const path = this.path(from.name, to.name);
    const way: OneWay = new OneWay({
      nowMs: () => this.nowMs(),
      sent: (segment) => this.recordWrite(from, way, segment),
      arrived: (segment, then) => {
        if (to.isAlive) this.delivered(from, to, segment);
        to.run(then);
      },
      closed: () => this.removeStream(stream),
    });
    const stream = new Stream(this.clock, path, way);
    this.addStream(stream);
    way.attach(stream);
    return way;
  }

  /** Closes every connection of a host, as the operating system of a killed process does. */
  resetAll(host: SocketHost): void {
    this.dropLastWrites(host);
    this.closeAll(host);
  }

  /** Closes every connection of a host, as the operating system of an ended process does. */
  closeAll(host: SocketHost): void {
    for (const socket of [...this.sockets]) if (socket.host === host) socket.reset();
    for (const [address, door] of this.listeners) if (door.host === host) this.listeners.delete(address);
  }

  /** Notifies the connections over a path that it has changed. */
  pathChanged(path: Path): void {
    for (const stream of this.streams.get(path) ?? []) stream.pathChanged();
  }

  /** Releases a closed socket. What it has sent is still in flight. */
  release(socket: Socket): void {
    this.sockets.delete(socket);
    // While its remote end is open, data that it has sent may be held up and continue when the path is healed.
    if (socket.remote?.isOpen === true) return;
    this.releaseStream(socket);
    if (socket.remote !== undefined) this.releaseStream(socket.remote);
  }

  /** Returns the bytes in flight from a host, in the connection that has most of them. */
  maxInFlightBytes(host: SocketHost): number {
    let bytes = 0;
    for (const socket of this.sockets) if (socket.host === host) bytes = Math.max(bytes, socket.inFlightBytes);
    return bytes;
  }

  /** A kill may strike between two writes of a turn: some of the last writes that have not arrived were never made. */
  private dropLastWrites(host: SocketHost): void {
    const writes = this.lastWrites.get(host)?.writes ?? [];
    this.lastWrites.delete(host);
    const kept = this.killRandom.below(writes.length + 1);
    for (const { sender, segment } of writes.slice(kept).reverse()) {
      if (!sender.cancel(segment)) return;
    }
  }

  private connect(local: Socket, to: string, { address, phase }: ListenerAddress): void {
    const listener = this.listeners.get(address);
    const returnPath = this.path(to, local.host.name);
    const host = listener?.host ?? { name: to, isAlive: false, run: () => undefined };
    const remote = new Socket(host, this.turn[phase], this);
    remote.remote = local;
    local.remote = remote;
    this.attachStream(remote, new Stream(this.clock, returnPath, remote));
    if (!listener?.host.isAlive) return remote.reset();
    remote.open();
    remote.send('answer');
    listener.host.run(() => {
      remote.listener = listener.accept(remote, local.host.name);
    });
  }

  private attachStream(socket: Socket, stream: Stream): void {
    socket.out = stream;
    this.sockets.add(socket);
    this.addStream(stream);
  }

  private releaseStream({ out }: Socket): void {
    if (out !== undefined) this.removeStream(out);
  }

  private addStream(stream: Stream): void {
    const streams = this.streams.get(stream.path) ?? new Set();
    this.streams.set(stream.path, streams.add(stream));
  }

  private removeStream(stream: Stream): void {
    const streams = this.streams.get(stream.path);
    streams?.delete(stream);
    if (streams?.size === 0) this.streams.delete(stream.path);
  }
}
