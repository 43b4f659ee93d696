import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts the time of processes in hundredths of a second, whatever its own clock does. */
const tickMs = 10;

/** Processor time that a process has used up to now, of all its threads, in milliseconds. @throws if it is gone */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program stands in brackets before, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Memory of a process in bytes: the most it ever held, or what it holds now. */
export function memoryBytes(pid: number, which: 'peak' | 'now'): number {
  const name = which === 'peak' ? 'VmHWM' : 'VmRSS';
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1_024;
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

/** The program of a process and its arguments. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}
