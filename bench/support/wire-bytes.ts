import { spawnSync } from 'node:child_process';

/**
 * Bytes sent so far over the established local TCP connections with one of these ports at either end: both directions, without
 * TCP/IP headers. Undefined if `ss` is missing.
 */
export function readSentBytes(ports: readonly number[]): number | undefined {
  const { status, stdout } = spawnSync('ss', ['-tinHO', 'state', 'established'], {
    encoding: 'latin1',
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return status === 0 ? sumSentBytes(stdout, new Set(ports)) : undefined;
}

/** Sums the bytes sent over connections with one of the ports at either end. @param output of `ss -tinHO` */
export function sumSentBytes(output: string, ports: ReadonlySet<number>): number {
  return output.split('\n').reduce((sum, line) => {
    const [, , local = '', peer = ''] = line.trim().split(/\s+/);
    const isCounted = [local, peer].some((end) => ports.has(Number(end.slice(end.lastIndexOf(':') + 1))));
    return isCounted ? sum + Number(/ bytes_sent:(\d+)/.exec(line)?.[1] ?? 0) : sum;
  }, 0);
}
