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
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { AdminActionError, type Administer } from '../faults/admin-action.js';
import type { HerdCertificates } from '../sockets/certificates.js';
import { listenForClients, type ListenerDependencies } from '../sockets/client-listener.js';
import type { HerdConfig, HerdMode, ServerEndpoints } from '../config/herd-config.js';
import { insecurePeerProblems } from '../config/insecure-peers.js';
import { bucketSettingsFor } from '../config/replication-config.js';
import { DescriptorMonitor } from '../sockets/descriptor-monitor.js';
import type { InProcessNetwork } from '../sockets/in-process-transport.js';
import { ConfigError } from '../errors.js';
import { StatusTracker } from '../observe/metrics/status-tracker.js';
import { waitForFinalWrites } from './final-writes.js';
import type { Listener } from '../sockets/listener.js';
import type { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';
import { ServerLog } from '../observe/log/server-log.js';
import { ServerCounts } from '../observe/metrics/server-counts.js';
import { limitStoreBytes } from './memory-bound.js';
import { MessageBus } from '../bus/message-bus.js';
import type { LocationFile } from '../disk/location-file.js';
import { listenForPeers, TcpTransport, type TcpDependencies } from '../sockets/tcp-transport.js';
import type { Turn } from '../time/turn.js';

/** What the servers of one process share. */
export interface HostDependencies {
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
  /** Ends this process as a power cut would, where somebody starts it again; undefined where nobody does. */
  readonly exitProcess?: (() => void) | undefined;
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
export interface HostServices {
  /** Where a server of this process serves HTTP; undefined for others, and where it does not. */
  readonly httpPortOf: (server: ServerId) => number | undefined;
  /** Does something by hand to the servers of this process. */
  readonly administer: Administer;
  /** What is done by hand to a link, as far as this process does it. */
  readonly faultOf: LinkFaults['get'];
  /** How a server reaches the others where somebody may cut its links by hand. */
  readonly wrapTransport: LinkFaults['wrapTransport'];
}

/** Locations from the disk that the store is told at once: a few milliseconds. */
const restorePageSize = 1_000;

/** A server that is alone, and with which nothing is done by hand. */
const noHostServices: HostServices = {
  httpPortOf: () => undefined,
  administer: () => Promise.reject(new AdminActionError('other-process', 'nobody administers this server')),
  faultOf: () => ({ kind: 'none' }),
  wrapTransport: (transport) => transport,
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
  private readonly view: StatusTracker;
  /** Undefined where locations are flooded only. */
  private readonly bucket: LocationBucket | undefined;
  /** Undefined where nobody can ask for them. */
  private readonly counts: ServerCounts | undefined;
  private readonly listeners: Listener[] = [];
  private locationFile: LocationFile | undefined;
  private opening: Promise<unknown> = Promise.resolve();
  private readonly descriptors: DescriptorMonitor;
  private lastConnection = 0;

  constructor(
    private readonly dependencies: HostDependencies,
    private readonly id: ServerId,
    private readonly services: HostServices = noHostServices,
  ) {
    const { config, network, clock } = dependencies;
    this.bus = new MessageBus((error) => dependencies.warn(`${id}: a listener failed: ${String(error)}`));
    this.log = openLog(dependencies, id);
    this.log?.listen(this.bus);
    dependencies.observe(id, this.bus);
    this.descriptors = new DescriptorMonitor(clock, (reason) =>
      this.bus.publish({ kind: 'warning', about: 'descriptors', reason }),
    );
    const neighbours = config.topology.get(id) ?? [];
    const identity = { herd: config.herd, server: id, neighbours };
    this.view = new StatusTracker(this.bus, clock, identity.neighbours);
    this.counts =
      addressOf(config, id).httpPort === undefined ? undefined : new ServerCounts(this.bus, clock, identity.neighbours);
    this.bucket = createServerBucket(dependencies, id);
    this.server = new Server(
      {
        identity,
        upstream: dependencies.upstream,
        limits: limitsFor(dependencies),
        linkTimings: config.linkTimings,
        upstreamSettings: config.upstreamSettings,
        hold: config.replication.kind === 'nats' ? config.replication.hold : 'all',
      },
      {
        ...dependencies,
        registry: this.bus,
        bucket: this.bucket,
        transport: services.wrapTransport(createTransport(dependencies, network.transportOf(id)), id),
      },
    );
  }

  /**
   * Starts the server's actors and opens its doors.
   * @throws PortError, or ConfigError for a peer port that others can reach in a herd without a secret; nothing is left
   *   running then
   */
  async start(): Promise<void> {
    const ports = this.startUp();
    this.opening = ports.catch(() => undefined);
    try {
      const opened = await ports;
      // One that failed meanwhile was reported as down already, and is about to be started again.
      if (this.view.state !== 'failed') this.dependencies.onStarted(this.id, opened);
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
    await this.closeListeners();
    await this.server.drain();
    await this.flushBucket();
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
    if (this.log === undefined) throw new AdminActionError('wrong-state', `${this.id} writes no log`);
    this.log.setLevel(level);
  }

  /** Clears away what a server that failed has left behind: its doors at once, for nobody is behind them any more. */
  async cleanUp(): Promise<void> {
    await this.closeListeners();
    await this.closeFiles();
  }

  private async startUp(): Promise<ServerPorts> {
    this.requireSecret();
    await this.restoreLocations();
    // To load it takes a tenth of a second without a pause, which would hold up the links and the first clients.
    if (addressOf(this.dependencies.config, this.id).httpPort !== undefined)
      await import('../http/server/http-listener.js');
    this.dependencies.network.listen(this.id, this.server.acceptPeer);
    this.server.start();
    this.descriptors.start();
    return this.openListeners();
  }

  private requireSecret(): void {
    const { config, hosted, secrets } = this.dependencies;
    const problems = secrets === undefined ? insecurePeerProblems(config, this.id, hosted) : [];
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** Starts the store, and tells it what is on disk, before any link can be up or any client here. */
  private async restoreLocations(): Promise<void> {
    const locations = await this.openLocationFile();
    this.server.startStore();
    this.bus.publish({ kind: 'locations-restored', locations });
    // Page by page: the other servers of this process have their turns in between.
    for (let start = 0; start < locations.length; start += restorePageSize) {
      const page = locations.slice(start, start + restorePageSize);
      this.bus.send(addresses.store, { kind: 'restored', locations: page });
      await setImmediate();
    }
  }

  private async openLocationFile(): Promise<readonly Location[]> {
    const { config, clock, inspect, warn } = this.dependencies;
    if (config.storePath === undefined) return [];
    const onProblem = (text: string) => warn(`${this.id}: ${text}`);
    const folder = join(config.storePath, this.id);
    // What keeps locations is large, and not every server does.
    const { LocationFile: Locations } = await import('../disk/location-file.js');
    const { file, locations } = await Locations.open(folder, { clock, inspect, onProblem });
    this.locationFile = file;
    file.listen(this.bus);
    return locations;
  }

  private async flushBucket(): Promise<void> {
    const { bucket, dependencies, id } = this;
    if (bucket === undefined || (await waitForFinalWrites(bucket, dependencies.clock)) === 'written') return;
    dependencies.warn(`${id}: the bucket has not taken all that was reported last within five seconds`);
  }

  private async closeFiles(): Promise<void> {
    this.descriptors.stop();
    await Promise.all([this.log?.close(), this.locationFile?.close()]);
  }

  private async openListeners(): Promise<ServerPorts> {
    const { dependencies, id, bus } = this;
    const { config, clock, turn, hosted } = dependencies;
    const { host, port, peerPort, httpPort } = addressOf(config, id);
    const { clients: certificates } = dependencies.certificates;
    const { maxConnections } = config.limits;
    const nextConnection = () => (this.lastConnection += 1);
    const listenerDependencies: ListenerDependencies = {
      bus,
      clock,
      turn,
      certificates,
      maxConnections,
      nextConnection,
    };
    const { onAcceptError } = this;
    const hasOnlyHostedNeighbours = config.topology.get(id)?.every((neighbour) => hosted.has(neighbour)) === true;
    // Before clients: they may ask for what only the neighbours know.
    const peer = hasOnlyHostedNeighbours ? undefined : await this.openPeerPort(host, peerPort);
    this.server.announce();
    const client = await this.open(
      listenForClients(listenerDependencies, { owner: `${id} (clients)`, host, port, onAcceptError }),
    );
    const { counts } = this;
    const http =
      httpPort === undefined || counts === undefined
        ? undefined
        : await this.openHttp(listenerDependencies, counts, { host, port: httpPort });
    return { client, peer, http };
  }

  private async openHttp(
    listenerDependencies: ListenerDependencies,
    counts: ServerCounts,
    address: { readonly host: string; readonly port: number },
  ): Promise<number> {
    const { dependencies, id, bus, view, services } = this;
    const { outputBudget, subscribersPerAddress } = this.server.sharedLimits;
    const { config, upstream, mode, pageFolders } = dependencies;
    // What serves HTTP is large, and not every server does.
    const { listenForHttp } = await import('../http/server/http-listener.js');
    const configuredPort = (server: ServerId) => {
      const configured = config.servers.get(server)?.httpPort;
      return configured === 0 ? undefined : configured;
    };
    const httpPortOf = (server: ServerId) => services.httpPortOf(server) ?? configuredPort(server);
    const logBufferedBytes = () => this.log?.bufferedBytes ?? 0;
    const serverContext = { server: id, mode, status: view, counts, logBufferedBytes, administer: services.administer };
    const faultOf = (neighbour: ServerId) => services.faultOf(id, neighbour);
    const bounds = { outputBudget, subscribersPerAddress };
    const { gateway } = this.server;
    const httpContext = {
      ...listenerDependencies,
      ...serverContext,
      ...bounds,
      bus,
      gateway,
      config,
      upstream,
      pageFolders,
      httpPortOf,
      faultOf,
    };
    return this.open(
      listenForHttp(httpContext, { owner: `${id} (web)`, onAcceptError: this.onAcceptError, ...address }),
    );
  }

  private openPeerPort(host: string, port: number): Promise<number> {
    const { dependencies, id } = this;
    const listenOptions = { owner: `${id} (peers)`, host, port, onAcceptError: this.onAcceptError };
    const onRejected = (remoteAddress: string, reason: string) =>
      this.bus.publish({ kind: 'peer-rejected', remoteAddress, reason });
    return this.open(listenForPeers(tcpDependencies(dependencies), this.server.acceptPeer, onRejected, listenOptions));
  }

  private readonly onAcceptError = (error: NodeJS.ErrnoException): void => this.descriptors.recordFailure(error);

  private async open(opening: Promise<Listener>): Promise<number> {
    const listener = await opening;
    this.listeners.push(listener);
    return listener.port;
  }

  /** Closes the doors that are open, and then those that are just being opened. */
  private async closeListeners(): Promise<void> {
    this.dependencies.network.unlisten(this.id);
    for (const listener of this.listeners.splice(0)) listener.close();
    await this.opening;
    for (const listener of this.listeners.splice(0)) listener.close();
  }
}

/** The limits of each server of this process, which share its heap. */
function limitsFor({ config: { limits }, hosted }: HostDependencies): Limits {
  const maxHeapBytes = getHeapStatistics().heap_size_limit;
  return { ...limits, maxStoreBytes: limitStoreBytes(limits.maxStoreBytes, hosted.size, maxHeapBytes) };
}

function openLog({ config, warn }: HostDependencies, id: ServerId): ServerLog | undefined {
  if (config.log === undefined) return undefined;
  const folder = join(config.log.dir, id);
  const onProblem = (error: Error) => warn(`${id}: the log in ${folder} has trouble: ${error.message}`);
  try {
    return new ServerLog(folder, config.log, onProblem);
  } catch (error) {
    // A server without a log is worth more than no server.
    onProblem(error as Error);
    return undefined;
  }
}

function createTransport(dependencies: HostDependencies, inProcess: Transport): Transport {
  const tcp = new TcpTransport(tcpDependencies(dependencies), (server) => {
    const { host, peerPort } = addressOf(dependencies.config, server);
    return { host, port: peerPort };
  });
  return { dial: (to, listener) => (dependencies.hosted.has(to) ? inProcess : tcp).dial(to, listener) };
}

function createServerBucket({ config, bucketOf }: HostDependencies, id: ServerId): LocationBucket | undefined {
  if (bucketSettingsFor(config, id) === undefined) return undefined;
  if (bucketOf === undefined) throw new Error(`${id} spreads locations by a bucket, and was given none`);
  return bucketOf(id);
}

function tcpDependencies({ turn, config, certificates }: HostDependencies): TcpDependencies {
  return { turn, maxLineBytes: maxPeerLineBytes(config.limits.maxLineBytes), certificates: certificates.peers };
}

function addressOf(config: HerdConfig, server: ServerId): ServerEndpoints {
  const address = config.servers.get(server);
  if (address === undefined) throw new Error(`${server} is no server of ${config.file}`);
  return address;
}
