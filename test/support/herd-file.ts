import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { buildTopology, type Topology } from '../../src/protocol/place/topology.js';
import type { RecordingHeader } from '../../src/upstreams/recording.js';
import { freePort } from './ports.js';

/** A herd as a test wants it. What is left out is as in the herd.yaml that is shipped. */
export interface HerdPlan {
  /** The links between servers; a server without any stands in `servers`. */
  readonly topology?: Readonly<Record<string, readonly string[]>>;
  readonly servers?: readonly string[];
  /** The nats-server that locations are replicated by, to all servers; left out: they are flooded along the topology. */
  readonly natsServer?: string;
  /**
   * The format of the sample upstream. Left out: an upstream that has nothing to answer; the sample one loads its places for
   * about a second of the machine's time, in each command.
   */
  readonly upstreamFormat?: 'twitter' | 'places';
  /** Whether it writes logs, to `logs` in its folder. */
  readonly hasLogs?: boolean;
  /** Whether clients may come over WebSocket. */
  readonly hasHttp?: boolean;
  /** What herd.yaml says besides. */
  readonly settings?: Partial<
    Pick<HerdDocument, 'herd' | 'bridge' | 'tls' | 'store' | 'limits' | 'peers' | 'auth' | 'replication'>
  >;
}

/** A herd.yaml in a folder of its own, with ports that are free. */
export interface HerdFile {
  readonly folder: string;
  readonly path: string;
  readonly servers: readonly string[];
  readonly replication: 'flood' | 'nats';
  /** Whom a server tells of a location, however that is done. */
  readonly topology: Topology;
  portOf(server: string): number;
  /** The port for other servers. */
  peerPortOf(server: string): number;
  /** The port for clients over WebSocket. */
  httpPortOf(server: string): number;
  /** Gives a server a herd.yaml of its own, or changes that; nobody else sees it. It counts from the server's next start. */
  editServerConfig(server: string, change: (document: HerdDocument) => void): void;
  /** The herd.yaml of its own that a server has, if it has one. */
  serverConfigPath(server: string): string | undefined;
}

interface Address {
  host?: string;
  port: number;
  peerPort: number;
  httpPort?: number;
}

interface Certificates {
  cert: string;
  key: string;
  ca: string;
}

/** A herd.yaml as a test may change it. */
interface HerdDocument {
  herd: string;
  servers: Record<string, Address>;
  topology?: Record<string, readonly string[]>;
  replication?: { kind: string; servers: readonly string[]; replicas?: number };
  bridge?: { via: readonly string[]; servers: readonly string[]; name: string };
  upstream: { kind: 'sample'; format: string } | { kind: 'replay'; file: string };
  log?: { dir: string };
  tls?: { clients?: Certificates; peers?: Certificates };
  store?: { path: string };
  limits?: Record<string, number>;
  peers?: { heartbeatMs?: number; antiEntropySeconds?: number };
  auth?: { clientToken?: string; adminToken?: string; deviceTokens?: Record<string, string> };
}

const shippedHerdYaml = fileURLToPath(new URL('../../../herd.yaml', import.meta.url));

/** Writes the herd.yaml of a plan. */
export async function writeHerdFile(plan: HerdPlan = {}): Promise<HerdFile> {
  const document = parse(await readFile(shippedHerdYaml, 'utf8')) as HerdDocument;
  const topology = { ...(plan.topology ?? (plan.servers === undefined ? document.topology : {})) };
  const linkedServers = Object.entries(topology).flatMap(([server, others]) => [server, ...others]);
  const servers = [...new Set([...(plan.servers ?? []), ...linkedServers])].sort();
  document.servers = {};
  if (plan.natsServer === undefined) document.topology = topology;
  else {
    delete document.topology;
    document.replication = { kind: 'nats', servers: [plan.natsServer] };
  }
  for (const server of servers) {
    const address: Address = { port: await freePort(), peerPort: await freePort() };
    if (plan.hasHttp === true) address.httpPort = await freePort();
    document.servers[server] = address;
  }
  if (plan.hasLogs !== true) delete document.log;
  Object.assign(document, plan.settings);

  const folder = await mkdtemp(join(tmpdir(), 'herd-'));
  document.upstream =
    plan.upstreamFormat === undefined
      ? emptyRecordingUpstream(folder)
      : { kind: 'sample', format: plan.upstreamFormat };
  const path = join(folder, 'herd.yaml');
  writeFileSync(path, stringify(document));
  const documentsByServer = new Map<string, HerdDocument>();
  const serverConfigPath = (server: string) => join(folder, `${server}.yaml`);
  const targetsByServer =
    plan.natsServer === undefined ? Object.entries(topology) : servers.map((server) => [server, servers] as const);
  const edges = targetsByServer.flatMap(([server, others]) =>
    others.filter((other) => other !== server).map((other) => [server as ServerId, other as ServerId] as const),
  );
  return {
    folder,
    path,
    servers,
    replication: plan.natsServer === undefined ? 'flood' : 'nats',
    topology: buildTopology(servers as ServerId[], edges),
    portOf: (server) => document.servers[server]?.port ?? 0,
    peerPortOf: (server) => document.servers[server]?.peerPort ?? 0,
    httpPortOf: (server) => document.servers[server]?.httpPort ?? 0,
    editServerConfig: (server, change) => {
      const altered = documentsByServer.get(server) ?? structuredClone(document);
      documentsByServer.set(server, altered);
      change(altered);
      writeFileSync(serverConfigPath(server), stringify(altered));
    },
    serverConfigPath: (server) => (documentsByServer.has(server) ? serverConfigPath(server) : undefined),
  };
}

/** An upstream that answers each question with an error, at once and without a service: a recording of nothing. */
function emptyRecordingUpstream(folder: string): HerdDocument['upstream'] {
  const file = join(folder, 'upstream.jsonl');
  const header: RecordingHeader = {
    recording: 'herd upstream 1',
    maxCount: 100,
    maxRadiusKm: 2_500,
    failure: '{"error":"MESSAGE"}',
  };
  writeFileSync(file, JSON.stringify(header));
  return { kind: 'replay', file };
}
