import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FaultProxy } from '../../src/simulation/proxy/fault-proxy.js';
import { freePorts } from './free-port.js';

const program = fileURLToPath(new URL('../../command/main.js', import.meta.url));
const host = '127.0.0.1';

/** Configuration of a `BenchHerd`. */
export interface BenchPlan {
  readonly topology: Readonly<Record<string, readonly string[]>>;
  /** Further settings of herd.yaml. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether links go through fault proxies. A proxy costs CPU time, so use none if no link faults are injected. */
  readonly proxies: 'every-link' | 'none';
}

interface ServerSlot {
  readonly port: number;
  readonly peerPort: number;
  child: ChildProcess | undefined;
}

/** A herd of the real command with one process per server, with logs, and optionally with fault proxies between the servers. */
export class BenchHerd {
  readonly folder = mkdtempSync(join(tmpdir(), 'herd-bench-'));
  private readonly portsByServer = new Map<string, ServerSlot>();
  /** Keyed by `dialer-acceptor`. */
  private readonly proxies = new Map<string, FaultProxy>();

  private constructor(private readonly plan: BenchPlan) {}

  static async start(plan: BenchPlan): Promise<BenchHerd> {
    const herd = new BenchHerd(plan);
    const names = new Set(Object.entries(plan.topology).flatMap(([name, others]) => [name, ...others]));
    for (const name of [...names].sort()) {
      const [port = 0, peerPort = 0] = await freePorts(2);
      herd.portsByServer.set(name, { port, peerPort, child: undefined });
    }
    for (const [one, other] of plan.proxies === 'none' ? [] : herd.edges) {
      const proxy = new FaultProxy(herd.ports(other).peerPort);
      await proxy.start();
      herd.proxies.set(`${one}-${other}`, proxy);
    }
    await Promise.all(herd.servers.map((server) => herd.launch(server)));
    return herd;
  }

  get servers(): string[] {
    return [...this.portsByServer.keys()];
  }

  /** Every link as a pair of dialer and acceptor. */
  get edges(): [string, string][] {
    return Object.entries(this.plan.topology).flatMap(([name, others]) =>
      others.map((other): [string, string] => (name < other ? [name, other] : [other, name])),
    );
  }

  portOf(server: string): number {
    return this.ports(server).port;
  }

  proxyOf([one, other]: readonly [string, string]): FaultProxy {
    return this.proxies.get(`${one}-${other}`) ?? fail(`${one}-${other}: no proxy on this link`);
  }

  isUp(server: string): boolean {
    return this.ports(server).child !== undefined;
  }

  /** Starts a server process; resolves when it accepts clients. */
  async launch(server: string): Promise<void> {
    const config = join(this.folder, `${server}.yaml`);
    writeFileSync(config, JSON.stringify(this.herdConfig(server)));
    const child = spawn(process.execPath, [program, 'start', server, '--config', config], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ports(server).child = child;
    child.on('exit', () => (this.ports(server).child = undefined));
    let printed = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      printed += chunk.toString();
      if (printed.includes('Ready in')) break;
    }
    if (!printed.includes('Ready in')) fail(`${server}: did not start (output: ${printed})`);
  }

  async kill(server: string): Promise<void> {
    const { child } = this.ports(server);
    if (child === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
  }

  signal(server: string, signal: NodeJS.Signals): void {
    this.ports(server).child?.kill(signal);
  }

  /** Resident memory of a server's process (VmRSS), in bytes. */
  residentBytes(server: string): number {
    const status = readFileSync(`/proc/${this.ports(server).child?.pid ?? 0}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
  }

  /** Size of the log of a server's current run, in bytes. */
  logBytes(server: string): number {
    return statSync(this.logPath(server)).size;
  }

  /** Reads the log of a server's current run from an offset. */
  logFrom(server: string, bytes: number): string {
    const file = openSync(this.logPath(server), 'r');
    const text = Buffer.alloc(this.logBytes(server) - bytes);
    readSync(file, text, 0, text.length, bytes);
    closeSync(file);
    return text.toString('latin1');
  }

  /** Waits until the log of a server's current run, from an offset, reports a live link to a neighbour. */
  async waitForLiveLink(server: string, neighbour: string, fromBytes: number): Promise<void> {
    const line = ` link ${neighbour} live`;
    let from = fromBytes;
    for (;;) {
      const text = this.logFrom(server, from);
      if (text.includes(line)) return;
      from += Math.max(0, text.length - line.length);
      await pause(10);
    }
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await this.kill(server);
    for (const proxy of this.proxies.values()) await proxy.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The herd.yaml of one server: neighbours that it dials have the port of the proxy. */
  private herdConfig(server: string): unknown {
    const servers = [...this.portsByServer].map(([name, { port, peerPort }]) => {
      const proxy = this.proxies.get(`${server}-${name}`);
      return [name, { host, port, peerPort: proxy?.port ?? peerPort }];
    });
    return {
      herd: 'bench',
      servers: Object.fromEntries(servers) as unknown,
      topology: this.plan.topology,
      log: { dir: 'logs' },
      ...this.plan.settings,
    };
  }

  private logPath(server: string): string {
    const folder = join(this.folder, 'logs', server);
    const names = readdirSync(folder).filter((name) => !name.endsWith('.error.log'));
    return join(folder, names.sort().at(-1) ?? fail(`${server}: no log file`));
  }

  private ports(server: string): ServerSlot {
    return this.portsByServer.get(server) ?? fail(`${server}: unknown server`);
  }
}

function fail(text: string): never {
  throw new Error(text);
}
