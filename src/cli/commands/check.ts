import { join, relative } from 'node:path';
import { requireNatsVariables, selectServers } from '../../library/config.js';
import { createUpstream } from '../../library/create-upstream.js';
import { inspectInSubprocess } from '../../library/inspect-in-subprocess.js';
import { loadSecrets } from '../../library/secrets.js';
import { connectedComponents } from '../../protocol/place/topology.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig, UpstreamConfig } from '../../runtime/config/herd-config.js';
import { insecurePeerProblems } from '../../runtime/config/insecure-peers.js';
import type { NatsSettings } from '../../runtime/nats/nats-settings.js';
import { formatHostPort } from '../../runtime/sockets/listener.js';
import { memoryBoundBytes, memoryPartsOf, memoryUseOf, type MemoryUse } from '../../runtime/host/memory-bound.js';
import { configFor } from '../shared/config-file.js';
import type { ConfigOption } from '../shared/options.js';
import { formatCount, formatTable, print, warn } from '../shared/output.js';

/** Label of the servers that are not listed. */
const otherName = '"*"';

/** `herd check`: validates a config, the files that it names and the environment, and prints the topology. */
export async function check(options: ConfigOption): Promise<void> {
  const config = configFor(options);
  const { file, herd, servers, otherServers, upstream } = config;
  requireNatsVariables(config);
  const secrets = loadSecrets(process.env);
  new HerdCertificates(config.tls);
  await tryFilesForNats(config);
  createUpstream(config, { sampleUrl: 'http://127.0.0.1', environment: process.env });
  const isFlooding = config.replication.kind === 'flood';
  const summary = `herd ${herd}, ${formatServers(config)}, ${formatReplication(config)}upstream ${formatUpstream(upstream)}`;
  print(`${relative('.', file)} is valid: ${summary}\n`);
  print(
    formatTable(
      ['server', 'clients', 'peers'],
      [...servers, ...(otherServers === undefined ? [] : [[otherName, otherServers] as const])].map(
        ([name, { host, port, peerPort }]) => [
          name,
          formatHostPort(host, port),
          isFlooding ? formatHostPort(host, peerPort) : 'by NATS',
        ],
      ),
    ),
  );
  if (otherServers !== undefined) print(`\n${otherName}: each server that is started by a name that is not listed`);
  showMemory(config);
  if (isFlooding) {
    showTopology(config);
    for (const warning of [
      ...partitionWarnings(config),
      ...(secrets === undefined ? insecurePeerWarnings(config) : []),
    ])
      warn(warning);
  }
  for (const warning of await damageWarnings(config)) warn(warning);
}

async function tryFilesForNats({ replication, bridge }: HerdConfig): Promise<void> {
  const settings = replication.kind === 'nats' ? replication : bridge;
  // A herd without NATS loads none of its packages.
  if (settings !== undefined) (await import('../../runtime/nats/nats-files.js')).tryFilesOf(settings);
}

function showTopology({ servers, topology }: HerdConfig): void {
  const names = [...servers.keys()];
  print('\nTopology:\n');
  const rows = names.map((row) => [
    row,
    ...names.map((column) => (row === column ? '·' : topology.get(row)?.includes(column) === true ? '●' : '')),
  ]);
  print(formatTable(['', ...names], rows));
}

function showMemory(config: HerdConfig): void {
  print('\nMaximum memory of each server in a process of its own:\n');
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MiB`;
  const servers = [...config.servers.keys()].map(
    (server) => [server, memoryUseOf(config, server, new Set([server]))] as const,
  );
  const rows = [...servers, ...otherUses(config)].map(([name, use]) => {
    const parts = memoryPartsOf(config.limits, use);
    return [
      name,
      mebibytes(memoryBoundBytes(config.limits, use)),
      parts.map(({ part, bytes }) => `${part} ${mebibytes(bytes)}`).join(', '),
    ];
  });
  print(formatTable(['server', 'memory', 'parts'], rows));
}

/** Memory use of a server that is not listed. */
function otherUses(config: HerdConfig): (readonly [string, MemoryUse])[] {
  if (config.otherServers === undefined) return [];
  const selection = selectServers(['other'], config);
  return selection.servers.map(
    (server) => [otherName, memoryUseOf(selection.config, server, new Set([server]))] as const,
  );
}

function formatServers({ servers, otherServers }: HerdConfig): string {
  const listed = formatCount(servers.size, 'server');
  return otherServers === undefined ? listed : `${listed} and any other by its name`;
}

/** Describes the replication, unless it is flooding alone. */
function formatReplication({ replication, bridge }: HerdConfig): string {
  const place = ({ subjectName, servers }: NatsSettings) =>
    `NATS subjects herd.${subjectName}.> at ${servers.join(', ')}`;
  if (replication.kind === 'nats') {
    const copies = replication.replicas === Infinity ? 'all' : String(replication.replicas);
    return `${place(replication)} with replicas: ${copies}, `;
  }
  return bridge === undefined ? '' : `bridged by ${[...bridge.via].join(' and ')} over ${place(bridge)}, `;
}

function formatUpstream(upstream: UpstreamConfig): string {
  return upstream.kind === 'sample' ? `sample (${upstream.format})` : upstream.kind;
}

function partitionWarnings({ topology }: HerdConfig): string[] {
  const components = connectedComponents(topology);
  if (components.length === 1) return [];
  const list = components.map((component) => component.join(', ')).join(' | ');
  return [`topology is not connected; ${components.length} components: ${list}`];
}

/** Problems that would keep servers from starting in processes of their own. */
function insecurePeerWarnings(config: HerdConfig): string[] {
  return [
    ...new Set([...config.servers.keys()].flatMap((server) => insecurePeerProblems(config, server, new Set([server])))),
  ];
}

async function damageWarnings({ storePath, servers }: HerdConfig): Promise<string[]> {
  if (storePath === undefined) return [];
  const warnings: string[] = [];
  for (const server of servers.keys()) {
    const folder = join(storePath, server);
    const damage = await inspectInSubprocess(folder);
    if (damage !== undefined)
      warnings.push(`${folder} is damaged (${damage}); ${server} will rename it and start without it`);
  }
  return warnings;
}
