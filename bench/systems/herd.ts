import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, stopChild } from '../support/child.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { argumentsOf, childrenOf } from '../support/process-table.js';
import { thisBuild, type HerdBuild } from './herd-build.js';
import { serverNames, type BenchSystem, type RunningSystem, type HerdShape } from './system.js';

/** How a herd is started. */
export interface HerdOptions {
  readonly processes: 'one' | 'one-per-server';
  /** Further settings of herd.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether servers have an HTTP port; they have if undefined. */
  readonly http?: 'with-http' | 'without-http';
  /** The build under test; this one if undefined. */
  readonly build?: HerdBuild;
  /** The Node.js executable; that of this process if undefined. */
  readonly node?: string;
}

/** Raises the limits that a load from one address would reach. */
const limits = { maxCommandsPerSecond: 1_000_000, maxClients: 2_000_000, maxSubscribersPerAddress: 2_000 };

/** The real command with default settings, except for limits that a load from one address would reach. */
export class HerdSystem implements BenchSystem {
  constructor(
    readonly name: string,
    readonly options: HerdOptions,
  ) {}

  missingReason(): string | undefined {
    return this.build.missingReason();
  }

  async start(shape: HerdShape): Promise<RunningSystem> {
    const folder = createFolder();
    const names = serverNames(shape.topology);
    const free = await freePorts(3 * names.length);
    const portsFrom = (at: number) => new Map(names.map((name, index) => [name, free[3 * index + at] ?? 0]));
    const [ports, peerPorts, httpPorts] = [portsFrom(0), portsFrom(1), portsFrom(2)];
    const hasHttp = this.options.http !== 'without-http';
    const servers = names.map((name) => {
      const address = { port: ports.get(name), peerPort: peerPorts.get(name) };
      return [name, hasHttp ? { ...address, httpPort: httpPorts.get(name) } : address] as const;
    });
    const document = this.build.translate({
      herd: 'bench',
      servers: Object.fromEntries(servers),
      topology: shape.topology,
      ...(shape.log === 'none' ? {} : { log: { dir: 'logs' } }),
      limits,
      ...this.options.settings,
    });
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'herd.yaml'), JSON.stringify(document));
    const { processes, node = process.execPath } = this.options;
    const command = [node, this.build.program(), 'start', ...(processes === 'one' ? [] : ['--processes'])];
    const child = await startChild('servers', command, 'Ready in', folder);
    return {
      ports,
      ...(hasHttp ? { httpPorts } : {}),
      pids: this.findPids(child.pid ?? 0, names),
      logs: shape.log === 'none' ? undefined : join(folder, 'logs'),
      stop: async () => {
        await stopChild(child);
        removeFolder(folder);
      },
    };
  }

  private get build(): HerdBuild {
    return this.options.build ?? thisBuild;
  }

  /** Process IDs by name; with one process per server the parent counts as well. */
  private findPids(pid: number, names: readonly string[]): Map<string, number> {
    if (this.options.processes === 'one') return new Map([['all', pid]]);
    const pids = new Map([['parent', pid]]);
    for (const name of names) {
      const child = findServerPid(pid, name);
      if (child !== undefined) pids.set(name, child);
    }
    return pids;
  }
}

/** Process ID of a server among the children of the parent of a herd; undefined while it does not run. */
export function findServerPid(parent: number, server: string): number | undefined {
  return childrenOf(parent).find((child) => argumentsOf(child).includes(server));
}
