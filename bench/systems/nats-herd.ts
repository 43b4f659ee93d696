import { spawnSync } from 'node:child_process';
import { startChild, stopChild } from '../support/child.js';
import { makeFolder, removeFolder } from '../support/folder.js';
import { freePorts } from '../support/free-port.js';
import type { Contestant, Running, Shape } from './contestant.js';
import { Herd } from './herd.js';

/** The process of the nats-server among those of a herd. */
export const natsServer = 'nats-server';

/** Our herd on a nats-server of its own, with one replica on disk. Who talks with whom tells only which servers there are. */
export const natsHerd: Contestant = {
  name: 'Herd on NATS',

  missing() {
    const found = spawnSync('nats-server', ['--version']).status === 0;
    return found ? undefined : 'there is no nats-server (apt-get install nats-server)';
  },

  async start(shape: Shape): Promise<Running> {
    const folder = makeFolder();
    const [port = 0] = await freePorts(1);
    const settings = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder];
    const nats = await startChild('servers', ['nats-server', ...settings], 'Server is ready', folder, 'stderr');
    const spread = { kind: 'nats', servers: [`127.0.0.1:${port}`] };
    const herd = await new Herd(this.name, 'one a server', { spread, talks: undefined }).start(shape);
    return {
      ...herd,
      pids: new Map([...herd.pids, [natsServer, nats.pid ?? 0]]),
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
