import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../../actors/ports/clock.js';
import type { Http } from '../../actors/ports/http.js';
import type { Limits } from '../../actors/ports/limits.js';
import { addresses } from '../../actors/bus/messages.js';
import type { Random } from '../../actors/ports/random.js';
import type { Secrets } from '../../actors/ports/secrets.js';
import { Server } from '../../actors/server/server.js';
import type { LocationBucket } from '../../actors/ports/location-bucket.js';
import type { Transport } from '../../actors/ports/transport.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { peerLineBytesMax } from '../../protocol/peer/peer-line.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { AdministrationError, type Administer } from '../faults/admin-action.js';
import type { HerdCertificates } from '../sockets/certificates.js';
import { listenForClients, type DoorEdges } from '../sockets/client-listener.js';
import type { HerdConfig, ServerAddress } from '../config/herd-config.js';
import { openPeersOf } from '../config/insecure-peers.js';
import { bucketFor } from '../config/replication-choice.js';
import { DescriptorWatch } from '../sockets/descriptor-monitor.js';
import type { InProcessNetwork } from '../sockets/in-process-transport.js';
import { ConfigError } from '../errors.js';
import type { HerdMode } from '../http/server/http-context.js';
import { ServerView } from '../observe/metrics/server-status.js';
import { lastWritesOf } from './last-writes.js';
import type { Listening } from '../sockets/listening.js';
import type { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';
import { ServerLog } from '../observe/log/server-log.js';
import { ServerCounts } from '../observe/metrics/server-counts.js';
import { storeBytesWithin } from './memory-bound.js';
import { MessageBus } from '../bus/message-bus.js';
import type { Stage } from '../faults/stage.js';
import type { LocationFile } from '../disk/location-file.js';
import { listenForPeers, TcpTransport, type TcpEdges } from '../sockets/tcp-transport.js';
import type { Turn } from '../time/turn.js';

/** What the servers of one process share. */
export interface HostEdges {
  readonly config: HerdConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly upstream: Upstream;
  /** Undefined for a herd without a secret. */
  readonly secrets: Secrets | undefined;
  readonly certificates: HerdCertificates;
  readonly turn: Turn;
  readonly network: InProcessNetwork;
  /** The servers of this process: their links go through memory, all others over TCP. */
  readonly hosted: ReadonlySet<ServerId>;
  readonly mode: HerdMode;
  /** Where stories of faults are played; undefined where none may be. */
  readonly stage?: Stage | undefined;
  /** Ends this process as a power cut would, where somebody starts it again; undefined where nobody does. */
  readonly die?: (() => void) | undefined;
  /** The folders of the built page, which is served at httpPort. */
  readonly pageFolders: readonly string[];
  /** How the locations in a folder are damaged; undefined if they are not. */
  readonly inspect: (folder: string) => Promise<string | undefined>;
  /** What a server spreads locations by, where the config says that it has a bucket; undefined where none has. */
  readonly bucketOf?: ((server: ServerId) => LocationBucket) | undefined;
  /** Hears of trouble that no server's log can tell of. */
  readonly warn: (text: string) => void;
  /** Sees the bus of every server before anything happens on it. */
  readonly observe: (server: ServerId, bus: MessageBus) => void;
  /** Hears of every server that has opened its doors. */
  readonly onStarted: (server: ServerId, ports: ServerPorts) => void;
}

/** What its process and the others in it are to a server. */
export interface Neighbourhood {
  /** Where a server of this process serves HTTP; undefined for others, and where it does not. */
  readonly httpPortOf: (server: ServerId) => number | undefined;
  /** Does something by hand to the servers of this process. */
  readonly administer: Administer;
  /** What is done by hand to a link, as far as this process does it. */
  readonly faultOf: LinkFaults['of'];
  /** How a server reaches the others where somebody may cut its links by hand. */
  readonly transportOver: LinkFaults['transportOver'];
}

/** Locations from the disk that the store is told at once: a few milliseconds. */
const rememberedPage = 1_000;

/** A server that is alone, and with which nothing is done by hand. */
const nobodyElse: Neighbourhood = {
  httpPortOf: () => undefined,
  administer: () => Promise.reject(new AdministrationError('elsewhere', 'nobody administers this server')),
  faultOf: () => ({ kind: 'none' }),
  transportOver: (transport) => transport,
};

/** The ports that a server listens on. */
export interface ServerPorts {
  readonly client: number;
  /** Undefined where all its neighbours are in the same process. */
  readonly peer: number | undefined;
  /** Undefined where it does not serve the web. */
  readonly http: number | undefined;
}

/** One run of one server in this process: its bus, its log, its doors and its actors. */
export class HostedServer {
  private readonly bus: MessageBus;
  private readonly log: ServerLog | undefined;
  private readonly server: Server;
  private readonly view: ServerView;
  /** Undefined where locations are flooded only. */
  private readonly bucket: LocationBucket | undefined;
  /** Undefined where nobody can ask for them. */
  private readonly counts: ServerCounts | undefined;
  private readonly doors: Listening[] = [];
  private file: LocationFile | undefined;
  private opening: Promise<unknown> = Promise.resolve();
  private readonly descriptors: DescriptorWatch;
  private connections = 0;

  constructor(
    private readonly edges: HostEdges,
    private readonly id: ServerId,
    private readonly others: Neighbourhood = nobodyElse,
  ) {
    const { config, network, clock } = edges;
    this.bus = new MessageBus((error) => edges.warn(`${id}: a listener failed: ${String(error)}`));
    this.log = openLog(edges, id);
    this.log?.listen(this.bus);
    edges.observe(id, this.bus);
    this.descriptors = new DescriptorWatch(clock, (reason) =>
      this.bus.publish({ kind: 'warning', about: 'descriptors', reason }),
    );
    const neighbours = config.topology.get(id) ?? [];
    const identity = { herd: config.herd, server: id, neighbours };
    this.view = new ServerView(this.bus, clock, identity.neighbours);
    this.counts =
      addressOf(config, id).httpPort === undefined ? undefined : new ServerCounts(this.bus, clock, identity.neighbours);
    this.bucket = bucketOf(edges, id);
    this.server = new Server(
      {
        identity,
        upstream: edges.upstream,
        limits: limitsIn(edges),
        pace: config.pace,
        upstreamPace: config.upstreamPace,
        hold: config.spread.kind === 'nats' ? config.spread.hold : 'all',
      },
      {
        ...edges,
        registry: this.bus,
        bucket: this.bucket,
        transport: others.transportOver(routes(edges, network.transportOf(id)), id),
      },
    );
  }

  /**
   * Starts the server's actors and opens its doors.
   * @throws PortError, or ConfigError for a peer port that others can reach in a herd without a secret; nothing is left
   *   running then
   */
  async start(): Promise<void> {
    const ports = this.bringUp();
    this.opening = ports.catch(() => undefined);
    try {
      const opened = await ports;
      // One that failed meanwhile was reported as down already, and is about to be started again.
      if (this.view.state !== 'failed') this.edges.onStarted(this.id, opened);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Takes no more clients, answers those there are, and resolves when the server is gone, and its last locations and its log are
   * written.
   */
  async stop(): Promise<void> {
    await this.closeDoors();
    await this.server.drain();
    await this.writeTheLast();
    await this.closeFiles();
  }

  /** Breaks the server in the middle of what it does, so that it fails. */
  fail(reason: string): void {
    this.bus.send(addresses.server, { kind: 'machine-failed', error: new Error(reason) });
  }

  /**
   * Has the log tell of what is of a level or above from now on.
   * @throws AdministrationError if there is none
   */
  setLogLevel(level: LogLevel): void {
    if (this.log === undefined) throw new AdministrationError('wrong state', `${this.id} writes no log`);
    this.log.tell(level);
  }

  /** Clears away what a server that failed has left behind: its doors at once, for nobody is behind them any more. */
  async clear(): Promise<void> {
    await this.closeDoors();
    await this.closeFiles();
  }

  private async bringUp(): Promise<ServerPorts> {
    this.requireSecret();
    await this.remember();
    // To load it takes a tenth of a second without a pause, which would hold up the links and the first clients.
    if (addressOf(this.edges.config, this.id).httpPort !== undefined) await import('../http/server/http-listener.js');
    this.edges.network.listen(this.id, this.server.acceptPeer);
    this.server.start();
    this.descriptors.begin();
    return this.openDoors();
  }

  private requireSecret(): void {
    const { config, hosted, secrets } = this.edges;
    const problems = secrets === undefined ? openPeersOf(config, this.id, hosted) : [];
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** Starts the store, and tells it what is on disk, before any link can be up or any client here. */
  private async remember(): Promise<void> {
    const locations = await this.readFile();
    this.server.startStore();
    this.bus.publish({ kind: 'locations-remembered', locations });
    // Page by page: the other servers of this process have their turns in between.
    for (let start = 0; start < locations.length; start += rememberedPage) {
      const page = locations.slice(start, start + rememberedPage);
      this.bus.send(addresses.store, { kind: 'remembered', locations: page });
      await setImmediate();
    }
  }

  private async readFile(): Promise<readonly Location[]> {
    const { config, clock, inspect, warn } = this.edges;
    if (config.storePath === undefined) return [];
    const onTrouble = (text: string) => warn(`${this.id}: ${text}`);
    const folder = join(config.storePath, this.id);
    // What keeps locations is large, and not every server does.
    const { LocationFile: Locations } = await import('../disk/location-file.js');
    const { file, locations } = await Locations.open(folder, { clock, inspect, onTrouble });
    this.file = file;
    file.listen(this.bus);
    return locations;
  }

  private async writeTheLast(): Promise<void> {
    const { bucket, edges, id } = this;
    if (bucket === undefined || (await lastWritesOf(bucket, edges.clock)) === 'written') return;
    edges.warn(`${id}: the bucket has not taken all that was reported last within five seconds`);
  }

  private async closeFiles(): Promise<void> {
    this.descriptors.stop();
    await Promise.all([this.log?.close(), this.file?.close()]);
  }

  private async openDoors(): Promise<ServerPorts> {
    const { edges, id, bus } = this;
    const { config, clock, turn, hosted } = edges;
    const { host, port, peerPort, httpPort } = addressOf(config, id);
    const { clients: certificates } = edges.certificates;
    const { connectionsMax } = config.limits;
    const nextConnection = () => (this.connections += 1);
    const door: DoorEdges = { bus, clock, turn, certificates, connectionsMax, nextConnection };
    const { onAcceptError } = this;
    const allHere = config.topology.get(id)?.every((neighbour) => hosted.has(neighbour)) === true;
    // Before clients: they may ask for what only the neighbours know.
    const peer = allHere ? undefined : await this.openPeerPort(host, peerPort);
    this.server.announce();
    const client = await this.open(listenForClients(door, { owner: `${id} (clients)`, host, port, onAcceptError }));
    const { counts } = this;
    const http =
      httpPort === undefined || counts === undefined
        ? undefined
        : await this.openHttp(door, counts, { host, port: httpPort });
    return { client, peer, http };
  }

  private async openHttp(
    door: DoorEdges,
    counts: ServerCounts,
    at: { readonly host: string; readonly port: number },
  ): Promise<number> {
    const { edges, id, bus, view, others } = this;
    const { outputBudget, watchersPerAddress } = this.server.shared;
    const { config, upstream, mode, pageFolders, stage } = edges;
    // What serves HTTP is large, and not every server does.
    const { listenForHttp } = await import('../http/server/http-listener.js');
    const portIn = (server: ServerId) => {
      const inConfig = config.servers.get(server)?.httpPort;
      return inConfig === 0 ? undefined : inConfig;
    };
    const httpPortOf = (server: ServerId) => others.httpPortOf(server) ?? portIn(server);
    const logBytesWaiting = () => this.log?.waitingBytes ?? 0;
    const told = { server: id, mode, view, counts, logBytesWaiting, administer: others.administer, stage };
    const faultOf = (neighbour: ServerId) => others.faultOf(id, neighbour);
    const bounds = { outputBudget, watchersPerAddress };
    const needs = { ...door, ...told, ...bounds, bus, config, upstream, pageFolders, httpPortOf, faultOf };
    return this.open(listenForHttp(needs, { owner: `${id} (web)`, onAcceptError: this.onAcceptError, ...at }));
  }

  private openPeerPort(host: string, port: number): Promise<number> {
    const { edges, id } = this;
    const at = { owner: `${id} (peers)`, host, port, onAcceptError: this.onAcceptError };
    const onRefused = (far: string, reason: string) => this.bus.publish({ kind: 'peer-refused', far, reason });
    return this.open(listenForPeers(tcpEdges(edges), this.server.acceptPeer, onRefused, at));
  }

  private readonly onAcceptError = (error: NodeJS.ErrnoException): void => this.descriptors.failed(error);

  private async open(opening: Promise<Listening>): Promise<number> {
    const door = await opening;
    this.doors.push(door);
    return door.port;
  }

  /** Closes the doors that are open, and then those that are just being opened. */
  private async closeDoors(): Promise<void> {
    this.edges.network.unlisten(this.id);
    for (const door of this.doors.splice(0)) door.close();
    await this.opening;
    for (const door of this.doors.splice(0)) door.close();
  }
}

/** The limits of each server of this process, which share its heap. */
function limitsIn({ config: { limits }, hosted }: HostEdges): Limits {
  const heapBytesMax = getHeapStatistics().heap_size_limit;
  return { ...limits, storeBytesMax: storeBytesWithin(limits.storeBytesMax, hosted.size, heapBytesMax) };
}

function openLog({ config, warn }: HostEdges, id: ServerId): ServerLog | undefined {
  if (config.log === undefined) return undefined;
  const folder = join(config.log.dir, id);
  const onTrouble = (error: Error) => warn(`${id}: the log in ${folder} has trouble: ${error.message}`);
  try {
    return new ServerLog(folder, config.log, onTrouble);
  } catch (error) {
    // A server without a log is worth more than no server.
    onTrouble(error as Error);
    return undefined;
  }
}

function routes(edges: HostEdges, inProcess: Transport): Transport {
  const tcp = new TcpTransport(tcpEdges(edges), (server) => {
    const { host, peerPort } = addressOf(edges.config, server);
    return { host, port: peerPort };
  });
  return { dial: (to, listener) => (edges.hosted.has(to) ? inProcess : tcp).dial(to, listener) };
}

function bucketOf({ config, bucketOf }: HostEdges, id: ServerId): LocationBucket | undefined {
  if (bucketFor(config, id) === undefined) return undefined;
  if (bucketOf === undefined) throw new Error(`${id} spreads locations by a bucket, and was given none`);
  return bucketOf(id);
}

function tcpEdges({ turn, config, certificates }: HostEdges): TcpEdges {
  return { turn, lineBytesMax: peerLineBytesMax(config.limits.lineBytesMax), certificates: certificates.peers };
}

function addressOf(config: HerdConfig, server: ServerId): ServerAddress {
  const address = config.servers.get(server);
  if (address === undefined) throw new Error(`${server} is no server of ${config.file}`);
  return address;
}
