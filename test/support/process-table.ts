import { readdirSync, readFileSync } from 'node:fs';

/** Whether this system tells about its processes in `/proc`. Only Linux does; tests that look there are left out elsewhere. */
export const hasProc = process.platform === 'linux';

/** The processes that a process has started and that have not ended: process id and arguments. */
export function childrenOf(parent: number): { pid: number; args: string[] }[] {
  const children: { pid: number; args: string[] }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    // The command stands in brackets and may hold anything; state and parent follow it.
    const [state, itsParent] = read(pid, 'stat')?.split(') ').at(-1)?.split(' ') ?? [];
    if (Number(itsParent) !== parent || state === 'Z') continue;
    children.push({ pid, args: read(pid, 'cmdline')?.split('\0') ?? [] });
  }
  return children;
}

/** Whether the process is there and has not ended. */
export function isAlive(pid: number): boolean {
  const state = read(pid, 'stat')?.split(') ').at(-1)?.[0];
  return state !== undefined && state !== 'Z';
}

/** The memory of a process now, and the most it ever was, in MiB. */
export function memoryOf(pid: number): { mebibytes: number; peakMebibytes: number } {
  const status = read(pid, 'status') ?? '';
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { mebibytes: field('VmRSS'), peakMebibytes: field('VmHWM') };
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
