import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, stopChild } from '../support/child.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { neighboursByServer, serverNames, type BenchSystem, type RunningSystem, type HerdShape } from './system.js';

/**
 * Baseline: a herd of bench/baselines with one process per server. Each server is configured by one JSON argument, and prints
 * `ready` when it accepts clients and its links are up.
 */
export class BaselineHerd implements BenchSystem {
  /**
   * @param command starts a server, without its argument
   * @param missingReason why it cannot run on this machine; undefined if it can
   */
  constructor(
    readonly name: string,
    private readonly command: () => readonly string[],
    readonly missingReason: () => string | undefined,
  ) {}

  async start(shape: HerdShape): Promise<RunningSystem> {
    const folder = createFolder();
    const names = serverNames(shape.topology);
    const free = await freePorts(names.length);
    const ports = new Map(names.map((name, index) => [name, free[index] ?? 0]));
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const neighbours = neighboursByServer(shape.topology);
    const children = await Promise.all(
      names.map((name) => {
        const log = shape.log === 'none' ? '' : join(logs, `${name}.log`);
        const plan = { server: name, ports: Object.fromEntries(ports), neighbours: neighbours[name] ?? [], log };
        return startChild('servers', [...this.command(), JSON.stringify(plan)], 'ready', folder);
      }),
    );
    return {
      ports,
      pids: new Map(names.map((name, index) => [name, children[index]?.pid ?? 0])),
      logs: shape.log === 'none' ? undefined : logs,
      stop: async () => {
        await Promise.all(children.map(stopChild));
        removeFolder(folder);
      },
    };
  }
}
