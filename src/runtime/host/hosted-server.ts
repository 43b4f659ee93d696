import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../actors/ports/clock.js';
import type { Http } from '../../actors/ports/http.js';
import type { Limits } from '../../actors/ports/limits.js';
import { addresses } from '../../actors/addresses.js';
import type { Random } from '../../actors/ports/random.js';
import type { Secrets } from '../../protocol/peer/handshake.js';
import { Server } from '../../actors/server/server.js';
import type { PubSub } from '../../actors/ports/pub-sub.js';
import type { Transport } from '../../actors/ports/transport.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { AdminActionError, type Administer } from '../faults/admin-action.js';
import type { HerdCertificates } from '../sockets/certificates.js';
import { listenForClients, type ListenerDependencies } from '../sockets/client-listener.js';
import type { HerdConfig, HerdMode, ServerEndpoints } from '../config/herd-config.js';
import { insecurePeerProblems } from '../config/insecure-peers.js';
import { natsSettingsFor } from '../config/replication-config.js';
import { DescriptorMonitor } from '../sockets/descriptor-monitor.js';
import type { InProcessNetwork } from '../sockets/in-process-transport.js';
import { ConfigError } from '../errors.js';
import { StatusTracker } from '../observe/metrics/status-tracker.js';
import { finalWritesTimeoutMs, waitForFinalWrites } from './final-writes.js';
import type { Listener } from '../sockets/listener.js';
import type { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';
import { ServerLog } from '../observe/log/server-log.js';
import { ServerCounts } from '../observe/metrics/server-counts.js';
import { limitStoreBytes } from './memory-bound.js';
import { BufferOverwriter } from '../bus/buffer-overwriter.js';
import { MessageBus } from '../bus/message-bus.js';
import type { LocationFile } from '../disk/location-file.js';
import { listenForPeers, TcpTransport, type TcpDependencies } from '../sockets/tcp-transport.js';
import type { Turn } from '../time/turn.js';

/** Dependencies shared by the servers of one process. */
export interface HostDependencies {
  readonly config: HerdConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly upstream: Upstream;
  /** Undefined if the herd has no secret. */
  readonly secrets: Secrets | undefined;
  readonly certificates: HerdCertificates;
  readonly turn: Turn;
  readonly network: InProcessNetwork;
  /** Servers of this process: links between them are in memory, all others over TCP. */
  readonly hosted: ReadonlySet<ServerId>;
  readonly mode: HerdMode;
  /** Ends this process at once; undefined if no parent would restart it. */
  readonly exitProcess?: (() => void) | undefined;
  /** Folders of the built dashboard. */
  readonly pageFolders: readonly string[];
  /** Checks a store folder; resolves with a description of the corruption, or undefined. */
  readonly inspect: (folder: string) => Promise<string | undefined>;
  /** Creates the connection of a server to NATS; undefined if no server has one. */
  readonly pubSubOf?: ((server: ServerId) => PubSub) | undefined;
  /** Whether the buses overwrite the buffers of delivered messages: see `BufferOverwriter`. */
  readonly overwritesBuffers: boolean;
  /** Reports problems that cannot be written to a server's log. */
  readonly warn: (text: string) => void;
  /** Is called with the bus of each server before it is used. */
  readonly observe: (server: ServerId, bus: MessageBus) => void;
  /** Is called when a server is listening. */
  readonly onStarted: (server: ServerId, ports: ServerPorts) => void;
}

/** Services that the hosting process offers to each server. */
export interface HostServices {
  /** HTTP port of a server of this process; undefined for others and without one. */
  readonly httpPortOf: (server: ServerId) => number | undefined;
  /** Performs an admin action. */
  readonly administer: Administer;
  /** Fault that this process has injected into a link. */
  readonly faultOf: LinkFaults['get'];
  /** Wraps the transport of a server for fault injection, if admin actions are possible. */
  readonly wrapTransport: LinkFaults['wrapTransport'];
}

/** Locations from the disk per message to the store: a few milliseconds of work. */
const restorePageSize = 1_000;

/** Null object: services of a server that runs alone, without admin actions. */
export const noHostServices: HostServices = {
  httpPortOf: () => undefined,
  administer: () => Promise.reject(new AdminActionError('other-process', 'admin actions are not available')),
  faultOf: () => ({ kind: 'none' }),
  wrapTransport: (transport) => transport,
};

/** Ports that a server listens on. */
export interface ServerPorts {
  readonly client: number;
  /** Undefined if all its neighbours are in the same process. */
  readonly peer: number | undefined;
  /** Undefined without an httpPort. */
  readonly http: number | undefined;
}

/** One run of a server in this process: its bus, log, listeners and actors. */
export class HostedServer {
  private readonly bus: MessageBus;
  private readonly log: ServerLog | undefined;
  private readonly server: Server;
  private readonly view: StatusTracker;
  /** Undefined without replication over NATS. */
  private readonly pubSub: PubSub | undefined;
  /** Undefined without an httpPort. */
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
    const onListenerFailure = (error: unknown) =>
      dependencies.warn(`${id}: an event listener failed: ${String(error)}`);
    this.bus = new MessageBus(onListenerFailure, dependencies.overwritesBuffers ? new BufferOverwriter() : undefined);
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
    const nats = natsSettingsFor(config, id);
    this.pubSub = nats && createPubSub(dependencies, id);
    this.server = new Server(
      {
        identity,
        upstream: dependencies.upstream,
        limits: limitsFor(config),
        linkTimings: config.linkTimings,
        upstreamSettings: config.upstreamSettings,
        nats: nats && { subjectName: nats.subjectName, replicas: nats.replicas },
      },
      {
        ...dependencies,
        registry: this.bus,
        reports: dependencies.turn.reports,
        pubSub: this.pubSub,
        transport: services.wrapTransport(createTransport(dependencies, network.transportOf(id)), id),
      },
    );
  }

  /**
   * Starts the server's actors and listeners.
   * @throws PortError if a port is unavailable, ConfigError for a public peer port without a herd secret, StoreError if the store
   *   cannot be opened. Nothing is left running then
   */
  async start(): Promise<void> {
    const ports = this.startUp();
    this.opening = ports.catch(() => undefined);
    try {
      const opened = await ports;
      // A server that failed in the meantime was reported as down already and will be restarted.
      if (this.view.state !== 'failed') this.dependencies.onStarted(this.id, opened);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Stops listening, drains the server, and resolves when the last locations and the log are written.
   */
  async stop(): Promise<void> {
    await this.closeListeners();
    await this.server.drain();
    await this.sendFinalMessages();
    await this.closeFiles();
  }

  /** Crashes the server. */
  fail(reason: string): void {
    this.bus.send(addresses.server, { kind: 'machine-failed', error: new Error(reason) });
  }

  /**
   * Sets the minimum level of the log.
   * @throws AdminActionError if the server writes no log
   */
  setLogLevel(level: LogLevel): void {
    if (this.log === undefined) throw new AdminActionError('wrong-state', `${this.id} writes no log`);
    this.log.setLevel(level);
  }

  /** Closes listeners and files of a server that has failed. */
  async cleanUp(): Promise<void> {
    await this.closeListeners();
    await this.closeFiles();
  }

  private async startUp(): Promise<ServerPorts> {
    this.requireSecret();
    await this.restoreLocations();
    // Loading it blocks for a tenth of a second, which would delay the links and the first clients.
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

  /** Starts the store and loads the locations from disk before any link or client is connected. */
  private async restoreLocations(): Promise<void> {
    const locations = await this.openLocationFile();
    this.server.startStore();
    this.bus.publish({ kind: 'locations-restored', locations });
    // In pages, so that the other servers of this process are not blocked.
    for (let start = 0; start < locations.length; start += restorePageSize) {
      const page = locations.slice(start, start + restorePageSize);
      this.bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of(page) });
      await setImmediate();
    }
  }

  private async openLocationFile(): Promise<readonly Location[]> {
    const { config, clock, inspect, warn } = this.dependencies;
    if (config.storePath === undefined) return [];
    const onProblem = (text: string) => warn(`${this.id}: ${text}`);
    const folder = join(config.storePath, this.id);
    // Loaded on demand: LevelDB is large, and not every server has a store.
    const { LocationFile: Locations } = await import('../disk/location-file.js');
    const { file, locations } = await Locations.open(folder, { clock, inspect, onProblem });
    this.locationFile = file;
    file.listen(this.bus, this.pubSub !== undefined);
    return locations;
  }

  private async sendFinalMessages(): Promise<void> {
    const { pubSub, dependencies, id } = this;
    if (pubSub === undefined || (await waitForFinalWrites(pubSub, dependencies.clock))) return;
    dependencies.warn(`${id}: NATS did not receive the last messages within ${finalWritesTimeoutMs / 1_000} s`);
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
    // Before clients, whose queries may need a neighbour.
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
    // Loaded on demand: it is large, and not every server has an httpPort.
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

  /** Closes open listeners, and then those that were being opened. */
  private async closeListeners(): Promise<void> {
    this.dependencies.network.unlisten(this.id);
    for (const listener of this.listeners.splice(0)) listener.close();
    await this.opening;
    for (const listener of this.listeners.splice(0)) listener.close();
  }
}

/** Limits of each server. */
function limitsFor({ limits }: HerdConfig): Limits {
  return { ...limits, maxStoreBytes: limitStoreBytes(limits) };
}

function openLog({ config, warn }: HostDependencies, id: ServerId): ServerLog | undefined {
  if (config.log === undefined) return undefined;
  const folder = join(config.log.dir, id);
  const onProblem = (error: Error) => warn(`${id}: cannot write the log in ${folder}: ${error.message}`);
  try {
    return new ServerLog(folder, config.log, onProblem);
  } catch (error) {
    // The server runs without a log.
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

function createPubSub({ pubSubOf }: HostDependencies, id: ServerId): PubSub {
  if (pubSubOf === undefined) throw new Error(`no connection to NATS for ${id}`);
  return pubSubOf(id);
}

function tcpDependencies({ turn, config, certificates }: HostDependencies): TcpDependencies {
  return { turn, maxLineBytes: maxPeerLineBytes(config.limits.maxLineBytes), certificates: certificates.peers };
}

function addressOf(config: HerdConfig, server: ServerId): ServerEndpoints {
  const address = config.servers.get(server);
  if (address === undefined) throw new Error(`unknown server ${server} in ${config.file}`);
  return address;
}
