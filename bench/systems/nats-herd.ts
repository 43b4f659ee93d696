import { spawnSync } from 'node:child_process';
import { startChild, stopChild } from '../support/child.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import type { BenchSystem, RunningSystem, HerdShape } from './system.js';
import { HerdSystem } from './herd.js';

/** Name of the nats-server among the processes of a herd. */
export const natsProcessName = 'nats-server';

/** Herd on its own nats-server, with one replica on disk. The topology only determines the servers. */
export const natsHerd: BenchSystem = {
  name: 'Herd on NATS',

  missingReason() {
    const found = spawnSync('nats-server', ['--version']).status === 0;
    return found ? undefined : 'nats-server is not installed (apt-get install nats-server)';
  },

  async start(shape: HerdShape): Promise<RunningSystem> {
    const folder = createFolder();
    const [port = 0] = await freePorts(1);
    const settings = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder];
    const nats = await startChild('servers', ['nats-server', ...settings], 'Server is ready', folder, 'stderr');
    const replication = { kind: 'nats', servers: [`127.0.0.1:${port}`] };
    const herd = await new HerdSystem(this.name, {
      processes: 'one-per-server',
      settings: { replication, topology: undefined },
    }).start(shape);
    return {
      ...herd,
      pids: new Map([...herd.pids, [natsProcessName, nats.pid ?? 0]]),
      linkPorts: [port],
      bucketFolder: folder,
      stop: async () => {
        await herd.stop();
        await stopChild(nats);
        removeFolder(folder);
      },
    };
  },
};
