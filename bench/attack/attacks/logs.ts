import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../attack.js';
import { reports } from '../reports.js';

const maxFileBytes = 4 * 1_048_576;
const maxFiles = 4;

/** Total size of all files in a folder and its subfolders, in bytes. */
function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .filter((stat) => stat.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}

export const logAttacks: readonly Attack[] = [
  {
    name: 'log-amplification',
    sent: '20,000 WHATSAT of 100 posts each and 20,000 client IDs of 1,000 bytes, read; logs bounded to 4 files of 4 MiB',
    settings: () => ({ log: { dir: 'logs', maxFileBytes, maxFiles } }),
    run: async (target) => {
      const port = target.portOf('Blake');
      await target.sendLines(port, reports(20_000, 1_000), 60_000);
      const query = `WHATSAT ${'client-0-'.padEnd(1_000, 'x')} 100 100`;
      await target.sendLines(
        port,
        Array.from({ length: 20_000 }, () => query),
        60_000,
      );
      const megabytes = folderBytes(join(target.folder, 'logs', 'Blake')) / 1_048_576;
      // The error log has the same bound, and the last line may exceed it.
      const boundMegabytes = (2 * maxFiles * maxFileBytes) / 1_048_576 + 1;
      const failures = megabytes <= boundMegabytes ? [] : [`${megabytes.toFixed(0)} MB of log`];
      return { observation: `${megabytes.toFixed(1)} MB of log at the attacked server`, failures };
    },
  },
];
