import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Role of a process, which determines its core. */
export type CoreRole = 'servers' | 'load';

const cores = findTwoCores();

/** Description of the core assignment, for reports. */
export const coreAssignment =
  cores === undefined
    ? 'servers and load are not pinned (requires taskset and two cores)'
    : `all servers on core ${cores.servers}, the load on core ${cores.load}`;

/** Prefixes a command with taskset for the core of its role, if pinning is possible. */
export function pinnedCommand(
  role: CoreRole,
  command: readonly string[],
): readonly [program: string, ...args: string[]] {
  const [program = '', ...args] = command;
  return cores === undefined ? [program, ...args] : ['taskset', '-c', String(cores[role]), program, ...args];
}

/** Pins this process to the core for the load. */
export function pinToLoadCore(): void {
  if (cores !== undefined) spawnSync('taskset', ['-a', '-cp', String(cores.load), String(process.pid)]);
}

function findTwoCores(): Readonly<Record<CoreRole, number>> | undefined {
  if (spawnSync('taskset', ['--version']).error !== undefined) return undefined;
  const status = readFileSync('/proc/self/status', 'latin1');
  const [servers, load] = parseNumberList(/Cpus_allowed_list:\s+(\S+)/.exec(status)?.[1] ?? '');
  return servers === undefined || load === undefined ? undefined : { servers, load };
}

/** Parses a list of numbers and ranges such as `0,2-5`. */
function parseNumberList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
