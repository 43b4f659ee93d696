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

/** Who talks with whom, and what else herd.yaml says. */
export interface BenchPlan {
  readonly talks: Readonly<Record<string, readonly string[]>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether links go through proxies; where nothing is done to links, a proxy would only take a core from the servers. */
  readonly proxies: 'on every link' | 'none';
}

interface Place {
  readonly port: number;
  readonly peerPort: number;
  child: ChildProcess | undefined;
}

/**
 * Servers of the real command, each in a process of its own. They write their logs, as they do by default.
 */
export class BenchHerd {
  readonly folder = mkdtempSync(join(tmpdir(), 'herd-bench-'));
  private readonly places = new Map<string, Place>();
  /** By the two ends of the link, the one that dials first. */
  private readonly proxies = new Map<string, FaultProxy>();

  private constructor(private readonly plan: BenchPlan) {}

  static async start(plan: BenchPlan): Promise<BenchHerd> {
    const herd = new BenchHerd(plan);
    const names = new Set(Object.entries(plan.talks).flatMap(([name, others]) => [name, ...others]));
    for (const name of [...names].sort()) {
      const [port = 0, peerPort = 0] = await freePorts(2);
      herd.places.set(name, { port, peerPort, child: undefined });
    }
    for (const [one, other] of plan.proxies === 'none' ? [] : herd.edges) {
      const proxy = new FaultProxy(herd.place(other).peerPort);
      await proxy.up();
      herd.proxies.set(`${one}-${other}`, proxy);
    }
    await Promise.all(herd.servers.map((server) => herd.launch(server)));
    return herd;
  }

  get servers(): string[] {
    return [...this.places.keys()];
  }

  /** Every link, the end that dials first. */
  get edges(): [string, string][] {
    return Object.entries(this.plan.talks).flatMap(([name, others]) =>
      others.map((other): [string, string] => (name < other ? [name, other] : [other, name])),
    );
  }

  portOf(server: string): number {
    return this.place(server).port;
  }

  proxyOf([one, other]: readonly [string, string]): FaultProxy {
    return this.proxies.get(`${one}-${other}`) ?? raise(`${one} and ${other} do not talk`);
  }

  isUp(server: string): boolean {
    return this.place(server).child !== undefined;
  }

  /** Starts a server; resolves when it takes clients. */
  async launch(server: string): Promise<void> {
    const config = join(this.folder, `${server}.yaml`);
    writeFileSync(config, JSON.stringify(this.documentOf(server)));
    const child = spawn(process.execPath, [program, 'start', server, '--config', config], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.place(server).child = child;
    child.on('exit', () => (this.place(server).child = undefined));
    let printed = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      printed += chunk.toString();
      if (printed.includes('Ready in')) break;
    }
    if (!printed.includes('Ready in')) raise(`${server} did not start: ${printed}`);
  }

  async kill(server: string): Promise<void> {
    const { child } = this.place(server);
    if (child === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
  }

  signal(server: string, signal: NodeJS.Signals): void {
    this.place(server).child?.kill(signal);
  }

  /** The memory that a server's process holds, in bytes: VmRSS of Linux. */
  residentBytes(server: string): number {
    const status = readFileSync(`/proc/${this.place(server).child?.pid ?? 0}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
  }

  /** How long the log of a server's present run is. */
  logBytes(server: string): number {
    return statSync(this.logOf(server)).size;
  }

  /** What the log of a server's present run says from there on. */
  logFrom(server: string, bytes: number): string {
    const file = openSync(this.logOf(server), 'r');
    const text = Buffer.alloc(this.logBytes(server) - bytes);
    readSync(file, text, 0, text.length, bytes);
    closeSync(file);
    return text.toString('latin1');
  }

  /** Waits until the log of a server's present run, from there on, says that its link to a neighbour is live. */
  async linkIsLive(server: string, neighbour: string, fromBytes: number): Promise<void> {
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
    for (const proxy of this.proxies.values()) await proxy.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Each end that dials sees its neighbour behind the proxy. */
  private documentOf(server: string): unknown {
    const servers = [...this.places].map(([name, { port, peerPort }]) => {
      const proxy = this.proxies.get(`${server}-${name}`);
      return [name, { host, port, peerPort: proxy?.port ?? peerPort }];
    });
    return {
      herd: 'bench',
      servers: Object.fromEntries(servers) as unknown,
      talks: this.plan.talks,
      log: { dir: 'logs' },
      ...this.plan.settings,
    };
  }

  private logOf(server: string): string {
    const folder = join(this.folder, 'logs', server);
    const names = readdirSync(folder).filter((name) => !name.endsWith('.error.log'));
    return join(folder, names.sort().at(-1) ?? raise(`${server} has no log`));
  }

  private place(server: string): Place {
    return this.places.get(server) ?? raise(`${server} is no server`);
  }
}

function raise(text: string): never {
  throw new Error(text);
}
