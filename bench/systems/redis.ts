import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { startChild, stopChild } from '../support/child.js';
import { freePorts } from '../support/free-port.js';
import type { BenchSystem, RunningSystem } from './system.js';

/** Baseline: a single redis-server with GEOADD, without persistence or a command log. */
export const redis: BenchSystem = {
  name: 'redis-server, GEOADD',

  missingReason() {
    return spawnSync('redis-server', ['--version']).error === undefined
      ? undefined
      : 'redis-server is not installed (apt-get install redis-server)';
  },

  async start(): Promise<RunningSystem> {
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
