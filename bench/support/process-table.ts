import { readFileSync, readdirSync } from 'node:fs';

/** Unit of CPU times in /proc (USER_HZ is 100), in milliseconds. */
const tickMs = 10;

/** CPU time of a process so far, all threads, in milliseconds. @throws Error if the process does not exist */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The program name comes first, in parentheses, and may contain any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Peak (VmHWM) or current (VmRSS) resident memory of a process, in bytes. */
export function memoryBytes(pid: number, which: 'peak' | 'now'): number {
  const name = which === 'peak' ? 'VmHWM' : 'VmRSS';
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1_024;
}

/** Process IDs of the children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

/** Command line of a process: the program and its arguments. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}
