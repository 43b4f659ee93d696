import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../actors/ports/random.js';
import { waitForClose, type Direction, type Endpoint, type ProxiedConnection } from './proxied-connection.js';

/** What a proxy does with the bytes of one direction. */
export type Toxic =
  | { readonly kind: 'pass' }
  /** Bytes are read and dropped. As with TCP, a connection that has lost something never delivers again, not even its end. */
  | { readonly kind: 'blackhole' }
  /** Bytes are delayed. Bytes that arrive meanwhile wait until earlier ones are forwarded. */
  | { readonly kind: 'latency'; readonly delayMs: number }
  /** Bytes are forwarded in pieces of 1 to `maxBytes` bytes, each in a packet of its own. */
  | { readonly kind: 'slice'; readonly maxBytes: number; readonly random: Random };

/** A connection whose bytes are forwarded as they arrive, or with a toxic. */
export class FaultyConnection implements ProxiedConnection {
  readonly ended: Promise<unknown>;
  private readonly pipes: Readonly<Record<Direction, ConnectionPipe>>;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    behaviour: (direction: Direction) => Toxic,
  ) {
    this.ended = Promise.all([client, server].map(waitForClose));
    this.pipes = {
      upstream: new ConnectionPipe(client, server, () => behaviour('upstream')),
      downstream: new ConnectionPipe(server, client, () => behaviour('downstream')),
    };
  }

  cut(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  resetEndpoint(end: Endpoint): void {
    this[end].destroy(new Error('the process was killed'));
  }

  halfClose(direction: Direction): void {
    this.pipes[direction].close();
  }
}

/** One direction of a connection. */
class ConnectionPipe {
  private state: 'whole' | 'holed' = 'whole';

  constructor(
    private readonly source: Socket,
    private readonly sink: Socket,
    private readonly currentToxic: () => Toxic,
  ) {
    void this.run();
  }

  close(): void {
    this.state = 'holed';
    this.sink.end();
  }

  private async run(): Promise<void> {
    try {
      // The source stays open at its end, since the other direction may still need it.
      for await (const chunk of this.source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        await this.forward(chunk);
      }
      if (this.isDelivering()) this.sink.end();
    } catch {
      // One of the two sockets was reset or could not be reached.
      if (this.isDelivering()) this.sink.resetAndDestroy();
    }
  }

  private async forward(chunk: Buffer): Promise<void> {
    const toxic = this.currentToxic();
    if (toxic.kind === 'latency') await pause(toxic.delayMs);
    if (toxic.kind !== 'slice') return this.write(chunk);
    for (let from = 0; from < chunk.length;) {
      const to = from + 1 + Math.floor(toxic.random.next() * toxic.maxBytes);
      await this.write(chunk.subarray(from, to));
      await nextTurn();
      from = to;
    }
  }

  /** Resolves when the operating system has accepted the bytes, so the source is not read faster than the sink. */
  private write(bytes: Buffer): Promise<void> {
    if (!this.isDelivering()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.sink.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  /** Whether arriving bytes are forwarded; once they are not, nothing will be any more. */
  private isDelivering(): boolean {
    if (this.currentToxic().kind === 'blackhole') this.state = 'holed';
    return this.state === 'whole';
  }
}
