import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { ServerId } from '../../src/protocol/ids.js';
import { topologyOf, type Topology } from '../../src/protocol/topology.js';
import { freePort } from './ports.js';

/** A herd as a test wants it. What is left out is as in the herd.yaml that is shipped. */
export interface HerdPlan {
  /** Who talks with whom; who stands nowhere in it stands in `servers`. */
  readonly talks?: Readonly<Record<string, readonly string[]>>;
  readonly servers?: readonly string[];
  /** The shape of the sample upstream. */
  readonly shape?: 'twitter' | 'places';
  /** Whether it writes logs, to `logs` in its folder. */
  readonly logs?: boolean;
}

/** A herd.yaml in a folder of its own, with ports that are free. */
export interface HerdFile {
  readonly folder: string;
  readonly path: string;
  readonly servers: readonly string[];
  readonly topology: Topology;
  portOf(server: string): number;
}

interface Document {
  herd: string;
  servers: Record<string, { host?: string; port: number; peerPort: number }>;
  talks: Record<string, readonly string[]>;
  upstream: { kind: string; shape: string };
  log?: { dir: string };
}

const shipped = fileURLToPath(new URL('../../../herd.yaml', import.meta.url));

/** Writes the herd.yaml of a plan. */
export async function writeHerd(plan: HerdPlan = {}): Promise<HerdFile> {
  const document = parse(await readFile(shipped, 'utf8')) as Document;
  document.talks = { ...(plan.talks ?? (plan.servers === undefined ? document.talks : {})) };
  const talking = Object.entries(document.talks).flatMap(([server, others]) => [server, ...others]);
  const servers = [...new Set([...(plan.servers ?? []), ...talking])].sort();
  document.servers = {};
  for (const server of servers) document.servers[server] = { port: await freePort(), peerPort: await freePort() };
  document.upstream = { kind: 'sample', shape: plan.shape ?? 'twitter' };
  if (plan.logs !== true) delete document.log;

  const folder = await mkdtemp(join(tmpdir(), 'herd-'));
  const path = join(folder, 'herd.yaml');
  await writeFile(path, stringify(document));
  const edges = Object.entries(document.talks).flatMap(([server, others]) =>
    others.map((other) => [server as ServerId, other as ServerId] as const),
  );
  return {
    folder,
    path,
    servers,
    topology: topologyOf(servers as ServerId[], edges),
    portOf: (server) => document.servers[server]?.port ?? 0,
  };
}
