import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../support/child.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { argumentsOf, childrenOf } from '../support/process-table.js';
import { serverNames, type BenchSystem, type RunningSystem, type HerdShape } from './system.js';

/** The bundled command, and its modules, whose file names appear in profiles. */
const programs = {
  bundle: fileURLToPath(new URL('../../command/main.js', import.meta.url)),
  modules: fileURLToPath(new URL('../../src/cli/main.js', import.meta.url)),
};
const node = process.execPath;

/** The real command with default settings, except for limits that a load from one address would reach. */
export class HerdSystem implements BenchSystem {
  /** @param settings further settings of herd.yaml */
  constructor(
    readonly name: string,
    private readonly processes: 'one' | 'one-per-server',
    private readonly settings: Readonly<Record<string, unknown>> = {},
    private readonly http: 'with-http' | 'without-http' = 'with-http',
    private readonly program: keyof typeof programs = 'bundle',
  ) {}

  missingReason(): undefined {
    return undefined;
  }

  async start(shape: HerdShape): Promise<RunningSystem> {
    const folder = createFolder();
    const names = serverNames(shape.topology);
    const free = await freePorts(3 * names.length);
    const portsFrom = (at: number) => new Map(names.map((name, index) => [name, free[3 * index + at] ?? 0]));
    const [ports, peerPorts, httpPorts] = [portsFrom(0), portsFrom(1), portsFrom(2)];
    const servers = names.map((name) => {
      const address = { port: ports.get(name), peerPort: peerPorts.get(name) };
      return [name, this.http === 'with-http' ? { ...address, httpPort: httpPorts.get(name) } : address] as const;
    });
    const document = {
      herd: 'bench',
      servers: Object.fromEntries(servers),
      topology: shape.topology,
      ...(shape.log === 'none' ? {} : { log: { dir: 'logs' } }),
      limits: { maxCommandsPerSecond: 1_000_000, maxClients: 2_000_000 },
      ...this.settings,
    };
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'herd.yaml'), JSON.stringify(document));
    const command = [node, programs[this.program], 'start', ...(this.processes === 'one' ? [] : ['--processes'])];
    const child = await startChild('servers', command, 'Ready in', folder);
    return {
      ports,
      ...(this.http === 'with-http' ? { httpPorts } : {}),
      linkPorts: [...peerPorts.values()],
      pids: this.findPids(child.pid ?? 0, names),
      logs: shape.log === 'none' ? undefined : join(folder, 'logs'),
      stop: async () => {
        await stopChild(child);
        removeFolder(folder);
      },
    };
  }

  /** Process IDs by name; with one process per server the parent counts as well. */
  private findPids(pid: number, names: readonly string[]): Map<string, number> {
    if (this.processes === 'one') return new Map([['all', pid]]);
    const pids = new Map([['parent', pid]]);
    for (const child of childrenOf(pid)) {
      const name = names.find((each) => argumentsOf(child).includes(each));
      if (name !== undefined) pids.set(name, child);
    }
    return pids;
  }
}
