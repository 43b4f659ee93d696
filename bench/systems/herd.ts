import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../support/child.js';
import { makeFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { argumentsOf, childrenOf } from '../support/process-table.js';
import { serversOf, type Contestant, type Running, type Shape } from './contestant.js';

/** What users start, and the modules that it is made of, whose names a profile tells. */
const programs = {
  bundle: fileURLToPath(new URL('../../command/main.js', import.meta.url)),
  modules: fileURLToPath(new URL('../../src/cli/main.js', import.meta.url)),
};
const node = process.execPath;

/** The real command, as it is by default but for limits that a load from one address would meet. */
export class Herd implements Contestant {
  /** @param settings what else herd.yaml says */
  constructor(
    readonly name: string,
    private readonly processes: 'one' | 'one a server',
    private readonly settings: Readonly<Record<string, unknown>> = {},
    private readonly web: 'web' | 'no web' = 'web',
    private readonly from: keyof typeof programs = 'bundle',
  ) {}

  missing(): undefined {
    return undefined;
  }

  async start(shape: Shape): Promise<Running> {
    const folder = makeFolder();
    const names = serversOf(shape.talks);
    const free = await freePorts(3 * names.length);
    const portsFrom = (at: number) => new Map(names.map((name, index) => [name, free[3 * index + at] ?? 0]));
    const [ports, peerPorts, httpPorts] = [portsFrom(0), portsFrom(1), portsFrom(2)];
    const servers = names.map((name) => {
      const address = { port: ports.get(name), peerPort: peerPorts.get(name) };
      return [name, this.web === 'web' ? { ...address, httpPort: httpPorts.get(name) } : address] as const;
    });
    const document = {
      herd: 'bench',
      servers: Object.fromEntries(servers),
      talks: shape.talks,
      ...(shape.log === 'none' ? {} : { log: { dir: 'logs' } }),
      limits: { commandsPerSecondMax: 1_000_000, clientsMax: 2_000_000 },
      ...this.settings,
    };
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'herd.yaml'), JSON.stringify(document));
    const command = [node, programs[this.from], 'start', ...(this.processes === 'one' ? [] : ['--processes'])];
    const child = await startChild('servers', command, 'Ready in', folder);
    return {
      ports,
      ...(this.web === 'web' ? { httpPorts } : {}),
      linkPorts: [...peerPorts.values()],
      pids: this.pidsOf(child.pid ?? 0, names),
      logs: shape.log === 'none' ? undefined : join(folder, 'logs'),
      stop: async () => {
        await stopChild(child);
        removeFolder(folder);
      },
    };
  }

  /** The parent of processes belongs to the herd as well. */
  private pidsOf(pid: number, names: readonly string[]): Map<string, number> {
    if (this.processes === 'one') return new Map([['all', pid]]);
    const pids = new Map([['parent', pid]]);
    for (const child of childrenOf(pid)) {
      const name = names.find((each) => argumentsOf(child).includes(each));
      if (name !== undefined) pids.set(name, child);
    }
    return pids;
  }
}
