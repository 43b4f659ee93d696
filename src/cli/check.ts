import { relative } from 'node:path';
import { partsOf } from '../protocol/topology.js';
import { hostAndPort } from '../runtime/listening.js';
import { configFor } from './config-file.js';
import type { ConfigOption } from './options.js';
import { print, warn } from './output.js';
import { table } from './table.js';

/** `herd check`: validates a config and draws who talks with whom. */
export function check(options: ConfigOption): void {
  const { file, herd, servers, topology, upstream } = configFor(options);
  const names = [...servers.keys()];
  print(
    `${relative('.', file)} is right: herd ${herd}, ${names.length} servers, upstream ${upstream.kind} (${upstream.shape})\n`,
  );
  print(
    table(
      ['server', 'clients', 'peers'],
      [...servers].map(([name, { host, port, peerPort }]) => [
        name,
        hostAndPort(host, port),
        hostAndPort(host, peerPort),
      ]),
    ),
  );
  print('\nWho talks with whom:\n');
  const rows = names.map((row) => [
    row,
    ...names.map((column) => (row === column ? '·' : topology.get(row)?.includes(column) === true ? '●' : '')),
  ]);
  print(table(['', ...names], rows));
  const parts = partsOf(topology);
  if (parts.length === 1) return;
  const list = parts.map((part) => part.join(', ')).join(' | ');
  warn(`the herd is in ${parts.length} parts that never hear of each other: ${list}`);
}
