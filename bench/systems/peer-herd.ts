import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, stopChild } from '../support/child.js';
import { makeFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import { neighboursOf, serversOf, type Contestant, type Running, type Shape } from './contestant.js';

/**
 * A yardstick: a herd whose servers are started one by one, each told all it needs in one argument of JSON. Its servers print
 * `ready` when they take clients and their links are up.
 */
export class PeerHerd implements Contestant {
  /**
   * @param command what starts a server, but for its argument
   * @param missing why it cannot run here; undefined if it can
   */
  constructor(
    readonly name: string,
    private readonly command: () => readonly string[],
    readonly missing: () => string | undefined,
  ) {}

  async start(shape: Shape): Promise<Running> {
    const folder = makeFolder();
    const names = serversOf(shape.talks);
    const free = await freePorts(names.length);
    const ports = new Map(names.map((name, index) => [name, free[index] ?? 0]));
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const neighbours = neighboursOf(shape.talks);
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
