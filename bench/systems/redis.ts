import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { startChild, stopChild } from '../support/child.js';
import { freePorts } from '../support/free-port.js';
import type { Contestant, Running } from './contestant.js';

/** A yardstick: redis-server, which keeps nothing on disk and logs no command. It speaks GEOADD and has no herd. */
export const redis: Contestant = {
  name: 'redis-server, GEOADD',

  missing() {
    return spawnSync('redis-server', ['--version']).error === undefined ? undefined : 'there is no redis-server';
  },

  async start(): Promise<Running> {
    const [port = 0] = await freePorts(1);
    const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const command = ['redis-server', '--port', String(port), ...settings];
    const child = await startChild('servers', command, 'Ready to accept connections', tmpdir());
    return {
      ports: new Map([['redis', port]]),
      pids: new Map([['redis', child.pid ?? 0]]),
      logs: undefined,
      stop: () => stopChild(child),
    };
  },
};
