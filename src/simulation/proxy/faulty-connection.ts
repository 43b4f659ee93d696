import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../actors/ports/random.js';
import { closed, type Direction, type End, type ProxiedConnection } from './proxied-connection.js';

/** What a proxy does with the bytes that come its way. */
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

/** A connection whose bytes a proxy passes on as it comes, or does something to. */
export class BentConnection implements ProxiedConnection {
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

  kill(end: End): void {
    this[end].destroy(new Error('the process was killed'));
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
