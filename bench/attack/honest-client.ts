import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * A client that does nothing wrong, while others attack: it reports to each server in turn, over a connection that it keeps and
 * now and then over a new one, and measures how long each answer takes. It runs on a thread of its own, so that what the
 * attacker computes does not count.
 */

/** What it is told when it is started. */
export interface HonestClientData {
  readonly ports: readonly number[];
  /** The address it comes from: another than the attacker's. */
  readonly address: string;
}

/** What it has measured, sent for every message that it gets. */
export interface HonestClientReport {
  readonly answers: number;
  /** The longest time to an answer, that of one still waited for among them, in milliseconds. */
  readonly worstMs: number;
  /** Connections that broke or were refused. */
  readonly failures: number;
}

/** Milliseconds between two reports. */
const everyMs = 20;
/** One report of so many goes over a new connection. */
const freshEvery = 5;

const { ports, address } = workerData as HonestClientData;
let answers = 0;
let worstMs = 0;
let failures = 0;
const waiting = new Set<number>();

/** A connection on which one report is under way at a time. */
class Dialled {
  private answered: ((isAnswered: boolean) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes(10)) this.answered?.(true);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.answered?.(false));
  }

  static to(port: number): Dialled {
    return new Dialled(connect({ port, host: '127.0.0.1', localAddress: address, noDelay: true }));
  }

  /** Reports once; resolves with whether it was answered before the connection was gone. */
  async report(id: string): Promise<boolean> {
    const startedMs = performance.now();
    waiting.add(startedMs);
    const isAnswered = await new Promise<boolean>((resolve) => {
      this.answered = resolve;
      if (this.socket.destroyed) resolve(false);
      else this.socket.write(`IAMAT ${id} +34.068930-118.445127 ${(Date.now() / 1_000).toFixed(3)}\n`);
    });
    waiting.delete(startedMs);
    worstMs = Math.max(worstMs, performance.now() - startedMs);
    if (isAnswered) answers += 1;
    else failures += 1;
    return isAnswered;
  }

  close(): void {
    this.socket.destroy();
  }
}

async function serve(port: number, index: number): Promise<never> {
  let kept = Dialled.to(port);
  for (let round = 0; ; round += 1) {
    await pause(everyMs);
    const isFresh = round % freshEvery === freshEvery - 1;
    const connection = isFresh ? Dialled.to(port) : kept;
    const isAnswered = await connection.report(`honest-${index}`);
    if (isFresh) connection.close();
    else if (!isAnswered) kept = Dialled.to(port);
  }
}

parentPort?.on('message', () => {
  const oldest = Math.min(...waiting);
  const worst = waiting.size === 0 ? worstMs : Math.max(worstMs, performance.now() - oldest);
  parentPort?.postMessage({ answers, worstMs: worst, failures } satisfies HonestClientReport);
  answers = 0;
  worstMs = 0;
  failures = 0;
});
for (const [index, port] of ports.entries()) void serve(port, index);
