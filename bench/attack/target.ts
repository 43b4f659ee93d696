import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ChildProcess } from 'node:child_process';
import { loadConfig } from '../../src/runtime/config/load.js';
import { processMemoryBoundBytes } from '../../src/runtime/host/memory-bound.js';
import { startChild, stopChild } from '../support/child.js';
import { removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { preloadHeapReports, readHeapReport } from '../support/heap-reports.js';
import { childrenOf, memoryBytes } from '../support/process-table.js';
import type { HonestClientData, HonestClientReport } from './honest-client.js';

const program = fileURLToPath(new URL('../../command/main.js', import.meta.url));
const honestClient = new URL('./honest-client.js', import.meta.url);
const host = '127.0.0.1';

/** Upper bound of the memory per location besides its line and client ID, in bytes. */
const locationOverheadBytes = 300;

/** The servers of the default herd. */
export const servers = ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'] as const;
const topology = { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] };
export type ServerName = (typeof servers)[number];

/** Ports of a server. */
interface ServerPorts {
  readonly port: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

/** An HTTP response. */
export interface HttpResult {
  readonly status: number;
  readonly body: string;
}

/** The herd under attack: five servers as `herd start` runs them, and an honest client. */
export class Target {
  private constructor(
    readonly folder: string,
    private readonly portsByServer: ReadonlyMap<ServerName, ServerPorts>,
    private readonly child: ChildProcess,
    private readonly client: Worker,
    /** Memory bound of the process by its limits, in bytes. */
    readonly memoryBoundBytes: number,
  ) {}

  /**
   * Starts the herd and the honest client.
   * @param settings of herd.yaml besides `servers`, `topology` and `log`
   * @param options of `herd start`
   */
  static async start(
    folder: string,
    settings: Readonly<Record<string, unknown>>,
    options: readonly string[],
  ): Promise<Target> {
    const portsByServer = new Map<ServerName, ServerPorts>();
    for (const server of servers) {
      const [port = 0, peerPort = 0, httpPort = 0] = await freePorts(3);
      portsByServer.set(server, { port, peerPort, httpPort });
    }
    const document = {
      herd: 'target',
      servers: Object.fromEntries([...portsByServer].map(([name, ports]) => [name, { host, ...ports }])),
      topology,
      log: { dir: 'logs' },
      ...settings,
    };
    const file = join(folder, 'herd.yaml');
    writeFileSync(file, JSON.stringify(document));
    const config = loadConfig(file, {});
    const boundBytes = processMemoryBoundBytes(config, new Set(config.servers.keys()));
    preloadHeapReports(folder);
    const command = [process.execPath, program, 'start', '--config', 'herd.yaml', ...options];
    const child = await startChild('servers', command, 'Ready in', folder);
    const ports = [...portsByServer.values()].map(({ port }) => port);
    const client = new Worker(honestClient, { workerData: { ports, address: '127.0.0.2' } satisfies HonestClientData });
    return new Target(folder, portsByServer, child, client, boundBytes);
  }

  portOf(server: ServerName): number {
    return this.ports(server).port;
  }

  peerPortOf(server: ServerName): number {
    return this.ports(server).peerPort;
  }

  httpPortOf(server: ServerName): number {
    return this.ports(server).httpPort;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Process IDs of the servers. */
  private get pids(): readonly number[] {
    const { pid = 0 } = this.child;
    const children = this.isRunning ? childrenOf(pid) : [];
    return children.length > 0 ? children : [pid];
  }

  /** Current resident memory of all servers, in bytes. */
  get residentBytes(): number {
    if (!this.isRunning) return 0;
    return this.pids.reduce((sum, pid) => sum + memoryBytes(pid, 'now'), 0);
  }

  /** Measurements of the honest client since the previous call. */
  async takeHonestReport(): Promise<HonestClientReport> {
    this.client.postMessage('report');
    const [report] = (await once(this.client, 'message')) as [HonestClientReport];
    return report;
  }

  /** Heap and buffers of the servers after a garbage collection, in bytes. */
  async measureHeldBytes(): Promise<number> {
    let bytes = 0;
    for (const pid of this.pids) bytes += (await readHeapReport(this.folder, pid)).heldBytes;
    return bytes;
  }

  /** Connects to a port as the attacker, ignoring socket errors. @param from local address */
  async dial(port: number, from = host): Promise<Socket> {
    const socket = connect({ port, host, localAddress: from, noDelay: true });
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    return socket;
  }

  /** Sends lines over one connection with back-pressure and reads the responses; returns the number of response lines. */
  async sendLines(port: number, lines: Iterable<string>, timeoutMs: number, from = host): Promise<number> {
    const socket = await this.dial(port, from);
    let responses = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) responses += 1;
    });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    let batch = '';
    for (const line of lines) {
      batch += `${line}\n`;
      if (batch.length < 65_536) continue;
      if (!socket.writable) break;
      if (!socket.write(batch, 'latin1')) await waitForDrain(socket);
      batch = '';
    }
    if (socket.writable) socket.end(batch, 'latin1');
    await closed;
    clearTimeout(timer);
    return responses;
  }

  /** Sends a text to a port; returns the first line of the response, or '' after five seconds. */
  async requestFirstLine(from: string, port: number, text: string): Promise<string> {
    const socket = await this.dial(port, from);
    let response = '';
    socket.on('data', (chunk: Buffer) => {
      response += chunk.toString('latin1');
    });
    socket.write(text, 'latin1');
    const endMs = performance.now() + 5_000;
    while (!response.includes('\n') && !socket.destroyed && performance.now() < endMs) await pause(5);
    socket.destroy();
    return response.split(/\r?\n/)[0] ?? '';
  }

  /** Sends a GET request. @throws Error if there is no response within ten seconds */
  async get(server: ServerName, path: string, from = host): Promise<HttpResult> {
    const httpRequest = request({
      host,
      port: this.httpPortOf(server),
      path,
      agent: false,
      localAddress: from,
      timeout: 10_000,
    });
    httpRequest.on('timeout', () => httpRequest.destroy(new Error(`GET ${path}: no response within 10 s`)));
    httpRequest.end();
    const [response] = (await once(httpRequest, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    let body = '';
    response.setEncoding('latin1');
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, body };
  }

  /** Reads a counter from a server's /metrics; NaN if it is missing. */
  async readCounter(server: ServerName, name: string): Promise<number> {
    const { body } = await this.get(server, '/metrics', '127.0.0.2');
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(body)?.[1] ?? NaN);
  }

  /**
   * Summarizes the store of a server without the clients of the honest client and of the warm-up: number of locations, their
   * approximate memory in bytes, and a hash that does not depend on their order.
   */
  async readStoreSummary(
    server: ServerName,
  ): Promise<{ readonly count: number; readonly bytes: number; readonly hash: string }> {
    const sum = Buffer.alloc(32);
    let count = 0;
    let bytes = 0;
    let cursor: number | null | undefined;
    do {
      const query = cursor === undefined ? '' : `&after=${cursor}`;
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
      cursor = page.next;
    } while (cursor !== null);
    return { count, bytes, hash: sum.toString('hex') };
  }

  /** Waits until all servers store the same locations; false if they do not within `timeoutMs`. */
  async waitForAgreement(timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const hashes = new Set<string>();
      for (const server of servers) hashes.add((await this.readStoreSummary(server)).hash);
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

  private ports(server: ServerName): ServerPorts {
    const ports = this.portsByServer.get(server);
    if (ports === undefined) throw new Error(`${server}: unknown server`);
    return ports;
  }
}

/** Waits until a socket drains or closes. */
export async function waitForDrain(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
