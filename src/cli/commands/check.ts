import { join, relative } from 'node:path';
import { requireBuckets } from '../../library/bucket.js';
import { inspectApart } from '../../library/inspect.js';
import { secretsOf } from '../../library/secrets.js';
import { upstreamOf } from '../../library/upstream.js';
import { partsOf } from '../../protocol/place/topology.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig, UpstreamChoice } from '../../runtime/config/herd-config.js';
import { openPeersOf } from '../../runtime/config/insecure-peers.js';
import type { NatsSettings } from '../../runtime/nats/nats-settings.js';
import { hostAndPort } from '../../runtime/sockets/listening.js';
import { memoryBoundBytes, memoryPartsOf, memoryUseOf } from '../../runtime/host/memory-bound.js';
import { configFor } from '../shared/config-file.js';
import type { ConfigOption } from '../shared/options.js';
import { print, warn } from '../shared/output.js';
import { table } from '../shared/table.js';

/** `herd check`: validates a config, the files that it names and the environment, and draws who talks with whom. */
export async function check(options: ConfigOption): Promise<void> {
  const config = configFor(options);
  const { file, herd, servers, upstream } = config;
  requireBuckets(config);
  const secrets = secretsOf(process.env);
  new HerdCertificates(config.tls);
  await tryFilesForNats(config);
  upstreamOf(config, { sampleUrl: 'http://127.0.0.1', environment: process.env });
  const floods = config.spread.kind === 'flood';
  const summary = `herd ${herd}, ${servers.size === 1 ? '1 server' : `${servers.size} servers`}, ${spreadIn(config)}upstream ${described(upstream)}`;
  print(`${relative('.', file)} is right: ${summary}\n`);
  print(
    table(
      ['server', 'clients', 'peers'],
      [...servers].map(([name, { host, port, peerPort }]) => [
        name,
        hostAndPort(host, port),
        floods ? hostAndPort(host, peerPort) : 'by NATS',
      ]),
    ),
  );
  showMemory(config);
  if (floods) {
    showLinks(config);
    for (const warning of [...partsIn(config), ...(secrets === undefined ? openPeersIn(config) : [])]) warn(warning);
  }
  for (const warning of await damagesIn(config)) warn(warning);
}

async function tryFilesForNats({ spread, bridge }: HerdConfig): Promise<void> {
  const settings = spread.kind === 'nats' ? spread : bridge;
  // A herd without a bucket loads nothing of NATS.
  if (settings !== undefined) (await import('../../runtime/nats/nats-files.js')).tryFilesOf(settings);
}

function showLinks({ servers, topology }: HerdConfig): void {
  const names = [...servers.keys()];
  print('\nWho talks with whom:\n');
  const rows = names.map((row) => [
    row,
    ...names.map((column) => (row === column ? '·' : topology.get(row)?.includes(column) === true ? '●' : '')),
  ]);
  print(table(['', ...names], rows));
}

/** The most memory that each server takes, in a process of its own. */
function showMemory(config: HerdConfig): void {
  print('\nThe most memory that each server takes in a process of its own:\n');
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MiB`;
  const rows = [...config.servers.keys()].map((server) => {
    const use = memoryUseOf(config, server, new Set([server]));
    const parts = memoryPartsOf(config.limits, use);
    return [
      server,
      mebibytes(memoryBoundBytes(config.limits, use)),
      parts.map(({ part, bytes }) => `${part} ${mebibytes(bytes)}`).join(', '),
    ];
  });
  print(table(['server', 'memory', 'of which'], rows));
}

/** How locations are spread, where it is not by flooding alone. */
function spreadIn({ spread, bridge }: HerdConfig): string {
  const place = ({ bucket, servers }: NatsSettings) => `NATS bucket ${bucket} at ${servers.join(', ')}`;
  if (spread.kind === 'nats') return `${place(spread)}, `;
  return bridge === undefined ? '' : `bridged by ${[...bridge.by].join(' and ')} over ${place(bridge)}, `;
}

function described(upstream: UpstreamChoice): string {
  return upstream.kind === 'sample' ? `sample (${upstream.shape})` : upstream.kind;
}

function partsIn({ topology }: HerdConfig): string[] {
  const parts = partsOf(topology);
  if (parts.length === 1) return [];
  const list = parts.map((part) => part.join(', ')).join(' | ');
  return [`the herd is in ${parts.length} parts that never hear of each other: ${list}`];
}

/** What would keep servers from starting, were each in a process of its own. */
function openPeersIn(config: HerdConfig): string[] {
  return [...new Set([...config.servers.keys()].flatMap((server) => openPeersOf(config, server, new Set([server]))))];
}

async function damagesIn({ storePath, servers }: HerdConfig): Promise<string[]> {
  if (storePath === undefined) return [];
  const warnings: string[] = [];
  for (const server of servers.keys()) {
    const folder = join(storePath, server);
    const damage = await inspectApart(folder);
    if (damage !== undefined) warnings.push(`${folder} is damaged (${damage}); ${server} will set it aside`);
  }
  return warnings;
}
