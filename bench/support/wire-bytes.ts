import { spawnSync } from 'node:child_process';

/**
 * What the kernel has sent so far over the connections of this machine that have one of these ports at an end: both ways, with all
 * that a protocol adds, without the headers of TCP and IP. Undefined where there is no `ss`. A connection that ended counts no more.
 */
export function wireBytes(ports: readonly number[]): number | undefined {
  const { status, stdout } = spawnSync('ss', ['-tinHO', 'state', 'established'], {
    encoding: 'latin1',
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return status === 0 ? sentOver(stdout, new Set(ports)) : undefined;
}

/** The bytes sent over connections that have one of the ports at an end, in what `ss -tinHO` prints. */
export function sentOver(printed: string, ports: ReadonlySet<number>): number {
  return printed.split('\n').reduce((sum, line) => {
    const [, , local = '', peer = ''] = line.trim().split(/\s+/);
    const counts = [local, peer].some((end) => ports.has(Number(end.slice(end.lastIndexOf(':') + 1))));
    return counts ? sum + Number(/ bytes_sent:(\d+)/.exec(line)?.[1] ?? 0) : sum;
  }, 0);
}
