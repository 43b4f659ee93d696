import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/actors/random.js';

/** A way through the proxy: from who called it to the port behind it, or back. */
export type Direction = 'there' | 'back';

/** What the proxy does with the bytes that come its way. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /**
   * A black hole: they are taken, and nobody ever sees them. What was lost leaves a hole in the stream, so a connection that
   * has lost something never delivers again, as with TCP; not even that it was closed.
   */
  | { readonly kind: 'drop' }
  /** They come that much later, and slowly: what comes meanwhile waits until those before it are through. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** They come in pieces of 1 to `bytesMax` bytes, each in a packet of its own. */
  | { readonly kind: 'slice'; readonly bytesMax: number; readonly random: Random };

const host = '127.0.0.1';

/** A TCP proxy that does to connections what networks do. Bytes that it passes on wait for room, as without it. */
export class FaultProxy {
  private readonly behaviours: Record<Direction, Behaviour> = { there: { kind: 'pass' }, back: { kind: 'pass' } };
  private readonly connections = new Set<Connection>();
  private server: Server | undefined;
  private listeningPort = 0;
  private taken = 0;

  /** @param target the port of this machine that is behind the proxy */
  constructor(private readonly target: number) {}

  /** Begins to take calls: at any free port at first, and at the same one each time after that. */
  async up(): Promise<void> {
    // Half-open, because a side that is closed is passed on like everything else.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => this.take(caller));
    server.listen({ host, port: this.listeningPort });
    await once(server, 'listening');
    this.server = server;
    this.listeningPort = (server.address() as AddressInfo).port;
  }

  /** Resets every connection, and refuses those who call now. */
  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    this.cut();
    await closed;
  }

  /** The port to call instead of the target. */
  get port(): number {
    return this.listeningPort;
  }

  /** How many calls it has taken. */
  get calls(): number {
    return this.taken;
  }

  /** Does this with what comes from now on, on every connection, in one direction or both. */
  set(behaviour: Behaviour, ...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? (['there', 'back'] as const) : directions) {
      this.behaviours[direction] = behaviour;
    }
  }

  /** Resets every connection, on both sides. Those who call again get through. */
  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  /** Ends one direction of every connection in good order, though nobody has closed it. What still comes is lost. */
  halfClose(direction: Direction): void {
    for (const connection of this.connections) connection.halfClose(direction);
  }

  private take(caller: Socket): void {
    this.taken += 1;
    const called = connect({ host, port: this.target, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(caller, called, (direction) => this.behaviours[direction]);
    this.connections.add(connection);
    void connection.ended.then(() => this.connections.delete(connection));
  }
}

/** A connection through the proxy: the socket of who called, and the one to the target. */
class Connection {
  /** Resolves when both sockets are closed. */
  readonly ended: Promise<unknown>;
  private readonly flows: Readonly<Record<Direction, Flow>>;

  constructor(
    private readonly caller: Socket,
    private readonly called: Socket,
    behaviour: (direction: Direction) => Behaviour,
  ) {
    this.ended = Promise.all([caller, called].map(closed));
    this.flows = {
      there: new Flow(caller, called, () => behaviour('there')),
      back: new Flow(called, caller, () => behaviour('back')),
    };
  }

  cut(): void {
    this.caller.resetAndDestroy();
    this.called.resetAndDestroy();
  }

  halfClose(direction: Direction): void {
    this.flows[direction].close();
  }
}

/** One direction of a connection. */
class Flow {
  private state: 'whole' | 'holed' = 'whole';

  constructor(
    private readonly source: Socket,
    private readonly sink: Socket,
    private readonly behaviour: () => Behaviour,
  ) {
    void this.run();
  }

  close(): void {
    this.state = 'holed';
    this.sink.end();
  }

  private async run(): Promise<void> {
    try {
      // The source stays open at its end: the other direction may still have something for it.
      for await (const chunk of this.source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        await this.pass(chunk);
      }
      if (this.delivers()) this.sink.end();
    } catch {
      // One of the two was reset, or could not be reached.
      if (this.delivers()) this.sink.resetAndDestroy();
    }
  }

  private async pass(chunk: Buffer): Promise<void> {
    const behaviour = this.behaviour();
    if (behaviour.kind === 'delay') await pause(behaviour.delayMs);
    if (behaviour.kind !== 'slice') return this.write(chunk);
    for (let from = 0; from < chunk.length;) {
      const to = from + 1 + Math.floor(behaviour.random.next() * behaviour.bytesMax);
      await this.write(chunk.subarray(from, to));
      await nextTurn();
      from = to;
    }
  }

  /** Resolves when the system has taken it, so that the source is not read faster than the sink. */
  private write(bytes: Buffer): Promise<void> {
    if (!this.delivers()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.sink.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  /** Whether what comes now is passed on; if it is not, then nothing will be any more. */
  private delivers(): boolean {
    if (this.behaviour().kind === 'drop') this.state = 'holed';
    return this.state === 'whole';
  }
}

function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve()));
}
