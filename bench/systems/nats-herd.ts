import { spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, stopChild } from '../support/child.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { isSettled, readHerdState } from '../support/herd-state.js';
import { waitUntil } from '../support/wait-until.js';
import { thisBuild, type HerdBuild } from './herd-build.js';
import type { BenchSystem, RunningSystem } from './system.js';

/** Name of the nats-server among the processes of a herd. */
export const natsProcessName = 'nats-server';

/** Holders of each partition in all benchmarks. */
export const replicas = 3;

/** Maximum time until all partitions have all their holders, in milliseconds. */
const maxSettleMs = 120_000;

/** Raises the limits that a load from one address would reach. */
const limits = {
  maxCommandsPerSecond: 1_000_000,
  maxClients: 2_000_000,
  maxLookupsPerSecond: 1_000_000,
  maxLookupsPerSecondPerAddress: 1_000_000,
};

/** How a herd on NATS is started. */
export interface NatsHerdOptions {
  /** Number of members that are started. */
  readonly members: number;
  /** Number of further members for which ports are reserved. */
  readonly joining?: number;
  readonly build?: HerdBuild;
}

/** Returns why a herd on NATS cannot run on this machine; undefined if it can. */
export function natsMissingReason(): string | undefined {
  const found = spawnSync('nats-server', ['--version']).status === 0;
  return found ? undefined : 'nats-server is not installed (apt-get install nats-server)';
}

/** A herd with its own nats-server, each member a process that no other one supervises. */
export class NatsHerd implements RunningSystem {
  readonly ports = new Map<string, number>();
  readonly httpPorts = new Map<string, number>();
  readonly pids = new Map<string, number>();
  readonly logs: string;
  private readonly children = new Map<string, ChildProcess>();

  private constructor(
    private readonly folder: string,
    private readonly build: HerdBuild,
  ) {
    this.logs = join(folder, 'logs');
  }

  /** Starts a nats-server and the members. Resolves when all partitions have all their holders. @throws Error if it fails */
  static async start({ members, joining = 0, build = thisBuild }: NatsHerdOptions): Promise<NatsHerd> {
    const herd = new NatsHerd(createFolder(), build);
    try {
      await herd.startAll(members, joining);
      return herd;
    } catch (error) {
      await herd.stop();
      throw error;
    }
  }

  /** Names of the running members. */
  get members(): string[] {
    return [...this.pids.keys()].filter((name) => name !== natsProcessName);
  }

  /** Starts a member. @param nice priority of the process, as if it had a machine of its own: it must not take time from the others */
  async startMember(name: string, nice = 0): Promise<void> {
    const command = [process.execPath, this.build.program(), 'start', name];
    const niced = nice === 0 ? command : ['nice', '-n', String(nice), ...command];
    this.addChild(name, await startChild('servers', niced, 'Ready in', this.folder));
  }

  /** Ends a member without a chance to hand over. */
  kill(name: string): void {
    this.children.get(name)?.kill('SIGKILL');
    this.children.delete(name);
    this.pids.delete(name);
  }

  /** Whether all members see each other, and all partitions have all their holders. */
  async isSettled(): Promise<boolean> {
    const { members } = this;
    const states = await Promise.all(members.map((name) => readHerdState(this.httpPorts.get(name) ?? 0)));
    return states.every((state) => isSettled(state, members.length));
  }

  waitUntilSettled(): Promise<void> {
    return waitUntil(() => this.isSettled(), maxSettleMs, 'the herd has not filled its partitions');
  }

  async stop(): Promise<void> {
    const nats = this.children.get(natsProcessName);
    this.children.delete(natsProcessName);
    await Promise.all([...this.children.values()].map(stopChild));
    if (nats !== undefined) await stopChild(nats);
    removeFolder(this.folder);
  }

  private async startAll(members: number, joining: number): Promise<void> {
    const names = memberNames(members + joining);
    const [natsPort = 0, ...free] = await freePorts(1 + 3 * names.length);
    const servers = names.map((name, index) => {
      const [port = 0, peerPort = 0, httpPort = 0] = free.slice(3 * index);
      this.ports.set(name, port);
      this.httpPorts.set(name, httpPort);
      return [name, { port, peerPort, httpPort }] as const;
    });
    const isBaseline = this.build !== thisBuild;
    const document = this.build.translate({
      herd: 'bench',
      servers: Object.fromEntries(servers),
      replication: { kind: 'nats', servers: [`127.0.0.1:${natsPort}`], ...(isBaseline ? {} : { replicas }) },
      log: { dir: 'logs' },
      limits,
    });
    mkdirSync(this.logs);
    writeFileSync(join(this.folder, 'herd.yaml'), JSON.stringify(document));
    const jetStream = isBaseline ? ['--jetstream', '--store_dir', this.folder] : [];
    const settings = ['nats-server', '--addr', '127.0.0.1', '--port', String(natsPort), ...jetStream];
    const nats = await startChild('servers', settings, 'Server is ready', this.folder, 'stderr');
    this.addChild(natsProcessName, nats);
    await Promise.all(names.slice(0, members).map((name) => this.startMember(name)));
    if (!isBaseline) await this.waitUntilSettled();
  }

  private addChild(name: string, child: ChildProcess): void {
    this.children.set(name, child);
    this.pids.set(name, child.pid ?? 0);
  }
}

/** A herd on NATS as a system for a lineup. The shape is not used. */
export function natsSystem(name: string, options: NatsHerdOptions): BenchSystem {
  return {
    name,
    missingReason: () => natsMissingReason() ?? options.build?.missingReason(),
    start: () => NatsHerd.start(options),
  };
}

/** Names of the first members, sorted. */
export function memberNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `S${String(index + 1).padStart(2, '0')}`);
}
