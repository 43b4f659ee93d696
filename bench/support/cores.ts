import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Who runs on a core of its own. */
export type Side = 'servers' | 'load';

const cores = twoCores();

/** How servers and load are kept apart, for people. */
export const coresTold =
  cores === undefined
    ? 'servers and load are not pinned: that takes taskset and two cores'
    : `all servers on core ${cores.servers}, the load on core ${cores.load}`;

/** A command that runs on the core of its side, if there are two cores and a way to choose. */
export function pinned(side: Side, command: readonly string[]): readonly [program: string, ...args: string[]] {
  const [program = '', ...args] = command;
  return cores === undefined ? [program, ...args] : ['taskset', '-c', String(cores[side]), program, ...args];
}

/** Puts this process on the core of the load. */
export function pinSelf(): void {
  if (cores !== undefined) spawnSync('taskset', ['-a', '-cp', String(cores.load), String(process.pid)]);
}

function twoCores(): Readonly<Record<Side, number>> | undefined {
  if (spawnSync('taskset', ['--version']).error !== undefined) return undefined;
  const status = readFileSync('/proc/self/status', 'latin1');
  const [servers, load] = numbersIn(/Cpus_allowed_list:\s+(\S+)/.exec(status)?.[1] ?? '');
  return servers === undefined || load === undefined ? undefined : { servers, load };
}

/** The numbers of a list such as `0,2-5`. */
function numbersIn(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
