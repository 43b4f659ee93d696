import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * A well-behaved client during an attack: it reports to each server over a kept connection and every fifth time over a new one, and
 * measures response times. It runs in a worker thread, so that the attacker's computation does not distort them.
 */

/** Data of the worker. */
export interface HonestClientData {
  readonly ports: readonly number[];
  /** Local address, different from the attacker's. */
  readonly address: string;
}

/** Measurements since the previous report; sent in response to each message. */
export interface HonestClientReport {
  readonly responses: number;
  /** Longest response time, pending requests included, in milliseconds. */
  readonly worstMs: number;
  /** Reports without a response, because the connection failed. */
  readonly failures: number;
}

/** Time between two reports, in milliseconds. */
const reportIntervalMs = 20;
/** Every n-th report uses a new connection. */
const newConnectionEvery = 5;

const { ports, address } = workerData as HonestClientData;
let responses = 0;
let worstMs = 0;
let failures = 0;
const pendingSinceMs = new Set<number>();

/** A connection with one report in flight at a time. */
class HonestConnection {
  private settle: ((isAnswered: boolean) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes(10)) this.settle?.(true);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.settle?.(false));
  }

  static connect(port: number): HonestConnection {
    return new HonestConnection(connect({ port, host: '127.0.0.1', localAddress: address, noDelay: true }));
  }

  /** Sends one report; returns whether it was answered before the connection closed. */
  async report(id: string): Promise<boolean> {
    const startedMs = performance.now();
    pendingSinceMs.add(startedMs);
    const isAnswered = await new Promise<boolean>((resolve) => {
      this.settle = resolve;
      if (this.socket.destroyed) resolve(false);
      else this.socket.write(`IAMAT ${id} +34.068930-118.445127 ${(Date.now() / 1_000).toFixed(3)}\n`);
    });
    pendingSinceMs.delete(startedMs);
    worstMs = Math.max(worstMs, performance.now() - startedMs);
    if (isAnswered) responses += 1;
    else failures += 1;
    return isAnswered;
  }

  close(): void {
    this.socket.destroy();
  }
}

async function reportForever(port: number, index: number): Promise<never> {
  let kept = HonestConnection.connect(port);
  for (let round = 0; ; round += 1) {
    await pause(reportIntervalMs);
    const isFresh = round % newConnectionEvery === newConnectionEvery - 1;
    const connection = isFresh ? HonestConnection.connect(port) : kept;
    const isAnswered = await connection.report(`honest-${index}`);
    if (isFresh) connection.close();
    else if (!isAnswered) kept = HonestConnection.connect(port);
  }
}

parentPort?.on('message', () => {
  const oldest = Math.min(...pendingSinceMs);
  const worst = pendingSinceMs.size === 0 ? worstMs : Math.max(worstMs, performance.now() - oldest);
  parentPort?.postMessage({ responses, worstMs: worst, failures } satisfies HonestClientReport);
  responses = 0;
  worstMs = 0;
  failures = 0;
});
for (const [index, port] of ports.entries()) void reportForever(port, index);
