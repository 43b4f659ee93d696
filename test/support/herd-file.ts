import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { topologyOf, type Topology } from '../../src/protocol/place/topology.js';
import type { RecordingHead } from '../../src/upstreams/recording.js';
import { freePort } from './ports.js';

/** A herd as a test wants it. What is left out is as in the herd.yaml that is shipped. */
export interface HerdPlan {
  /** Who talks with whom; who stands nowhere in it stands in `servers`. */
  readonly talks?: Readonly<Record<string, readonly string[]>>;
  readonly servers?: readonly string[];
  /** The nats-server by which locations are spread; left out: they are flooded. Then nobody talks, and everybody hears of all. */
  readonly nats?: string;
  /**
   * The shape of the sample upstream. Left out: an upstream that has nothing to answer; the sample one loads its places for
   * about a second of the machine's time, in each command.
   */
  readonly shape?: 'twitter' | 'places';
  /** Whether it writes logs, to `logs` in its folder. */
  readonly logs?: boolean;
  /** Whether clients may come over WebSocket. */
  readonly web?: boolean;
  /** What herd.yaml says besides. */
  readonly settings?: Partial<
    Pick<Document, 'herd' | 'bridge' | 'tls' | 'store' | 'limits' | 'links' | 'access' | 'spread'>
  >;
}

/** A herd.yaml in a folder of its own, with ports that are free. */
export interface HerdFile {
  readonly folder: string;
  readonly path: string;
  readonly servers: readonly string[];
  readonly spread: 'flood' | 'nats';
  /** Whom a server tells of a location, however that is done. */
  readonly topology: Topology;
  portOf(server: string): number;
  /** The port for other servers. */
  peerPortOf(server: string): number;
  /** The port for clients over WebSocket. */
  httpPortOf(server: string): number;
  /** Gives a server a herd.yaml of its own, or changes that; nobody else sees it. It counts from the server's next start. */
  alter(server: string, change: (document: Document) => void): void;
  /** The herd.yaml of its own that a server has, if it has one. */
  ownPathOf(server: string): string | undefined;
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
interface Document {
  herd: string;
  servers: Record<string, Address>;
  talks?: Record<string, readonly string[]>;
  spread?: { kind: string; servers: readonly string[]; hold?: string; shards?: number };
  bridge?: { by: readonly string[]; servers: readonly string[]; bucket: string };
  upstream: { kind: 'sample'; shape: string } | { kind: 'replay'; file: string };
  log?: { dir: string };
  tls?: { clients?: Certificates; peers?: Certificates };
  store?: { path: string };
  limits?: Record<string, number>;
  links?: { beatMs?: number; repairSeconds?: number };
  access?: { clients?: string; administration?: string };
}

const shipped = fileURLToPath(new URL('../../../herd.yaml', import.meta.url));

/** Writes the herd.yaml of a plan. */
export async function writeHerd(plan: HerdPlan = {}): Promise<HerdFile> {
  const document = parse(await readFile(shipped, 'utf8')) as Document;
  const talks = { ...(plan.talks ?? (plan.servers === undefined ? document.talks : {})) };
  const talking = Object.entries(talks).flatMap(([server, others]) => [server, ...others]);
  const servers = [...new Set([...(plan.servers ?? []), ...talking])].sort();
  document.servers = {};
  if (plan.nats === undefined) document.talks = talks;
  else {
    delete document.talks;
    document.spread = { kind: 'nats', servers: [plan.nats] };
  }
  for (const server of servers) {
    const address: Address = { port: await freePort(), peerPort: await freePort() };
    if (plan.web === true) address.httpPort = await freePort();
    document.servers[server] = address;
  }
  if (plan.logs !== true) delete document.log;
  Object.assign(document, plan.settings);

  const folder = await mkdtemp(join(tmpdir(), 'herd-'));
  document.upstream = plan.shape === undefined ? silentUpstream(folder) : { kind: 'sample', shape: plan.shape };
  const path = join(folder, 'herd.yaml');
  writeFileSync(path, stringify(document));
  const own = new Map<string, Document>();
  const ownPath = (server: string) => join(folder, `${server}.yaml`);
  const told = plan.nats === undefined ? Object.entries(talks) : servers.map((server) => [server, servers] as const);
  const edges = told.flatMap(([server, others]) =>
    others.filter((other) => other !== server).map((other) => [server as ServerId, other as ServerId] as const),
  );
  return {
    folder,
    path,
    servers,
    spread: plan.nats === undefined ? 'flood' : 'nats',
    topology: topologyOf(servers as ServerId[], edges),
    portOf: (server) => document.servers[server]?.port ?? 0,
    peerPortOf: (server) => document.servers[server]?.peerPort ?? 0,
    httpPortOf: (server) => document.servers[server]?.httpPort ?? 0,
    alter: (server, change) => {
      const altered = own.get(server) ?? structuredClone(document);
      own.set(server, altered);
      change(altered);
      writeFileSync(ownPath(server), stringify(altered));
    },
    ownPathOf: (server) => (own.has(server) ? ownPath(server) : undefined),
  };
}

/** An upstream that answers each question with an error, at once and without a service: a recording of nothing. */
function silentUpstream(folder: string): Document['upstream'] {
  const file = join(folder, 'upstream.jsonl');
  const head: RecordingHead = {
    recording: 'herd upstream 1',
    countMax: 100,
    radiusKmMax: 2_500,
    failure: '{"error":"MESSAGE"}',
  };
  writeFileSync(file, JSON.stringify(head));
  return { kind: 'replay', file };
}
