import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ChildProcess } from 'node:child_process';
import { loadConfig } from '../../src/runtime/config/load.js';
import { memoryBoundOfProcess } from '../../src/runtime/host/memory-bound.js';
import { startChild, stopChild } from '../support/child.js';
import { removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { childrenOf, memoryBytes } from '../support/process-table.js';
import type { HonestClientData, HonestClientReport } from './honest-client.js';

const program = fileURLToPath(new URL('../../command/main.js', import.meta.url));
const preload = new URL('./heap-report.js', import.meta.url).href;
const honestClient = new URL('./honest-client.js', import.meta.url);
const host = '127.0.0.1';

/** What a location takes in memory besides its two texts, at most. */
const locationOverheadBytes = 300;

/** The servers of the assignment, and who talks with whom. */
export const servers = ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'] as const;
const talks = { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] };
export type ServerName = (typeof servers)[number];

/** Where a server listens. */
interface Place {
  readonly port: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A herd of five servers in one process, as `herd start` runs it, that is about to be attacked. */
export class Target {
  private constructor(
    readonly folder: string,
    private readonly places: ReadonlyMap<ServerName, Place>,
    private readonly child: ChildProcess,
    private readonly client: Worker,
    /** The most memory that the process may take, in bytes. */
    readonly memoryBoundBytes: number,
  ) {}

  /**
   * Starts it.
   * @param settings of herd.yaml, besides servers, `talks` and logs
   * @param options of `herd start`
   */
  static async start(
    folder: string,
    settings: Readonly<Record<string, unknown>>,
    options: readonly string[],
  ): Promise<Target> {
    const places = new Map<ServerName, Place>();
    for (const server of servers) {
      const [port = 0, peerPort = 0, httpPort = 0] = await freePorts(3);
      places.set(server, { port, peerPort, httpPort });
    }
    const document = {
      herd: 'target',
      servers: Object.fromEntries([...places].map(([name, place]) => [name, { host, ...place }])),
      talks,
      log: { dir: 'logs' },
      ...settings,
    };
    const file = join(folder, 'herd.yaml');
    writeFileSync(file, JSON.stringify(document));
    const config = loadConfig(file, {});
    const heapBytesMax = getHeapStatistics().heap_size_limit;
    const boundBytes = memoryBoundOfProcess(config, new Set(config.servers.keys()), heapBytesMax);
    process.env['HEAP_REPORT'] = join(folder, 'heap.json');
    process.env['NODE_OPTIONS'] = `--import=${preload}`;
    const command = [process.execPath, program, 'start', '--config', 'herd.yaml', ...options];
    const child = await startChild('servers', command, 'Ready in', folder);
    const ports = [...places.values()].map(({ port }) => port);
    const client = new Worker(honestClient, { workerData: { ports, address: '127.0.0.2' } satisfies HonestClientData });
    return new Target(folder, places, child, client, boundBytes);
  }

  portOf(server: ServerName): number {
    return this.placeOf(server).port;
  }

  peerPortOf(server: ServerName): number {
    return this.placeOf(server).peerPort;
  }

  httpPortOf(server: ServerName): number {
    return this.placeOf(server).httpPort;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The processes of its servers. */
  private get processes(): readonly number[] {
    const { pid = 0 } = this.child;
    const children = this.isRunning ? childrenOf(pid) : [];
    return children.length > 0 ? children : [pid];
  }

  /** Resident memory of all servers now, in bytes. */
  get residentBytes(): number {
    if (!this.isRunning) return 0;
    return this.processes.reduce((sum, pid) => sum + memoryBytes(pid, 'now'), 0);
  }

  /** What the honest client has measured since it was last asked. */
  async honest(): Promise<HonestClientReport> {
    this.client.postMessage('report');
    const [report] = (await once(this.client, 'message')) as [HonestClientReport];
    return report;
  }

  /** What the servers refer to after a collection of garbage, in bytes. */
  async heldBytes(): Promise<number> {
    let bytes = 0;
    for (const pid of this.processes) {
      const file = join(this.folder, `heap.json.${pid}`);
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      await until(() => existsSync(file), 30_000, 'the heap is measured');
      bytes += (JSON.parse(readFileSync(file, 'utf8')) as { heldBytes: number }).heldBytes;
    }
    return bytes;
  }

  /** Connects to a port as the attacker. Errors of the socket are nothing to it. @param from the address it comes from */
  async dial(port: number, from = host): Promise<Socket> {
    const socket = connect({ port, host, localAddress: from, noDelay: true });
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    return socket;
  }

  /** Sends lines over a connection, as fast as they are taken, and reads what comes; resolves with the answers' count. */
  async sendLines(port: number, lines: Iterable<string>, withinMs: number, from = host): Promise<number> {
    const socket = await this.dial(port, from);
    let answers = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) answers += 1;
    });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const timer = setTimeout(() => socket.destroy(), withinMs);
    let batch = '';
    for (const line of lines) {
      batch += `${line}\n`;
      if (batch.length < 65_536) continue;
      if (!socket.writable) break;
      if (!socket.write(batch, 'latin1')) await drained(socket);
      batch = '';
    }
    if (socket.writable) socket.end(batch, 'latin1');
    await closed;
    clearTimeout(timer);
    return answers;
  }

  /** The first line that a port answers to a text; empty if there is none within five seconds. */
  async firstLine(from: string, port: number, text: string): Promise<string> {
    const socket = await this.dial(port, from);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.write(text, 'latin1');
    const endMs = performance.now() + 5_000;
    while (!answer.includes('\n') && !socket.destroyed && performance.now() < endMs) await pause(5);
    socket.destroy();
    return answer.split(/\r?\n/)[0] ?? '';
  }

  /** Asks over HTTP. @throws if there is no answer within ten seconds */
  async get(server: ServerName, path: string, from = host): Promise<HttpAnswer> {
    const asked = request({
      host,
      port: this.httpPortOf(server),
      path,
      agent: false,
      localAddress: from,
      timeout: 10_000,
    });
    asked.on('timeout', () => asked.destroy(new Error(`${path}: no answer`)));
    asked.end();
    const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    let body = '';
    answer.setEncoding('latin1');
    for await (const chunk of answer) body += String(chunk);
    return { status: answer.statusCode, body };
  }

  /** A counter of a server's metrics, without labels. */
  async counter(server: ServerName, name: string): Promise<number> {
    const { body } = await this.get(server, '/metrics', '127.0.0.2');
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(body)?.[1] ?? NaN);
  }

  /**
   * What a server holds of others than the honest client and the warm-up: how many locations, how many bytes of memory they take, about, and a
   * hash that does not depend on their order.
   */
  async holding(
    server: ServerName,
  ): Promise<{ readonly count: number; readonly bytes: number; readonly hash: string }> {
    const sum = Buffer.alloc(32);
    let count = 0;
    let bytes = 0;
    let after: number | null | undefined;
    do {
      const query = after === undefined ? '' : `&after=${after}`;
      const { body } = await this.get(server, `/api/clients?limit=10000${query}`, '127.0.0.2');
      const page = JSON.parse(body) as { clients: { client: string; line: string }[]; next: number | null };
      for (const { client, line } of page.clients) {
        if (/^(?:honest|warm)-/.test(client)) continue;
        count += 1;
        bytes += line.length + client.length + locationOverheadBytes;
        for (const [index, byte] of createHash('sha256').update(line).digest().entries()) {
          sum[index] = (sum[index] ?? 0) ^ byte;
        }
      }
      after = page.next;
    } while (after !== null);
    return { count, bytes, hash: sum.toString('hex') };
  }

  /** Whether all servers come to hold the same locations within some time. */
  async agrees(withinMs: number): Promise<boolean> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      const hashes = new Set<string>();
      for (const server of servers) hashes.add((await this.holding(server)).hash);
      if (hashes.size === 1) return true;
      if (performance.now() > endMs) return false;
      await pause(500);
    }
  }

  async stop(): Promise<void> {
    await this.client.terminate();
    await stopChild(this.child);
    removeFolder(this.folder);
  }

  private placeOf(server: ServerName): Place {
    const place = this.places.get(server);
    if (place === undefined) throw new Error(`${server} is not a server of the target`);
    return place;
  }
}

/** Waits until a socket takes more, or is closed. */
export async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Waits for a condition. @throws if it does not hold within some milliseconds */
export async function until(condition: () => boolean, withinMs: number, what: string): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(20);
  }
}
