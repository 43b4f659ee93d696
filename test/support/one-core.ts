import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Puts this process on one core, and with it all that it starts from now on. Returns what puts it back; undefined where there is
 * no `taskset`.
 */
export function pinToOneCore(): (() => void) | undefined {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).error !== undefined) return undefined;
  const allowed = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  const [core = '0'] = allowed.split(/[-,]/);
  const pinTo = (cores: string) => void spawnSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)]);
  pinTo(core);
  return () => pinTo(allowed);
}
