import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { SystemClock } from '../../runtime/time/system-clock.js';
import { NetworkFaults } from '../network/network-faults.js';
import type { Action, FaultAction, Scenario, ScenarioHerd } from '../scenario/scenario.js';
import { initialServers } from '../scenario/initial-servers.js';
import { SeededRandom } from '../time/seeded-random.js';
import type { Environment, SimulationListener } from '../environment.js';
import { FaultUpstream } from './fault-upstream.js';
import type { ServerLauncher } from './launcher.js';
import { ProxiedNetwork } from './proxied-network.js';
import { RealServers } from './real-servers.js';
import { ScenarioClock } from '../time/scenario-clock.js';
import { TcpClient } from './tcp-client.js';

/** Dependencies of a real environment. */
export interface RealEnvironmentDependencies {
  readonly launcher: ServerLauncher;
  readonly emit: SimulationListener;
  /** Aborted when the run is interrupted. */
  readonly abortSignal: AbortSignal;
}

/** Returns why a real environment with this launcher cannot execute a step; undefined if it can. */
export function realStepUnsupportedReason(action: Action, hosting: ServerLauncher): string | undefined {
  if (action.kind === 'clock') return 'all servers use the clock of this machine';
  return hosting.unsupportedReason(action);
}

/** Returns why no real environment can run such a herd; undefined if it can. */
export function realHerdUnsupportedReason({ replication }: ScenarioHerd): string | undefined {
  return replication.kind === 'nats' ? 'replication through NATS needs --environment virtual' : undefined;
}

/**
 * An environment on this machine: real time, real TCP on 127.0.0.1 with a proxy on every link, and servers run by a launcher.
 * The proxies shape bytes with the same paths as the virtual network.
 */
export class RealEnvironment implements Environment {
  readonly name: string;
  readonly observationDelayMs = 1_000;
  readonly unchecked = [
    'bounds of bytes in flight: operating systems buffer them on both sides of a proxy (bounds of stores are checked)',
    'newest-wins, read-your-writes and acknowledged-survives: events of servers are observed late, and proxies buffer data in transit',
  ];
  private readonly systemClock = new SystemClock();
  private readonly clock: ScenarioClock;
  private readonly network: ProxiedNetwork;
  private readonly faults: NetworkFaults;
  private readonly upstream: FaultUpstream;
  private readonly servers: RealServers;
  private readonly clients = new Map<string, TcpClient>();
  /** Temporary folder; undefined before the start. */
  private folder: string | undefined;

  constructor(
    private readonly scenario: Scenario,
    private readonly dependencies: RealEnvironmentDependencies,
  ) {
    const { launcher, abortSignal, emit } = dependencies;
    const { topology } = scenario.herd;
    const random = new SeededRandom(String(scenario.seed));
    this.name = launcher.environment;
    this.clock = new ScenarioClock(this.systemClock, abortSignal);
    this.network = new ProxiedNetwork(topology, scenario.network, {
      random: random.stream('network'),
      nowMs: () => this.nowMs(),
      delivered: (from, to, { sentMs, text }) => emit({ kind: 'delivered', from, to, sentMs, text }),
    });
    this.faults = new NetworkFaults(this.network, topology);
    this.upstream = new FaultUpstream(random.stream('upstream'));
    this.servers = new RealServers(scenario, {
      ...dependencies,
      network: this.network,
      upstream: this.upstream,
      breakClients: (server) => this.breakClients(server),
    });
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  unsupportedHerdReason(herd: ScenarioHerd): string | undefined {
    return realHerdUnsupportedReason(herd);
  }

  unsupportedReason(action: Action): string | undefined {
    return realStepUnsupportedReason(action, this.dependencies.launcher);
  }

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'herd-simulation-'));
    await Promise.all([this.network.start(), this.upstream.start()]);
    await this.servers.writeHerdFiles(this.folder);
    await this.servers.start(initialServers(this.scenario));
  }

  advanceTo(ms: number): Promise<void> {
    return this.clock.advanceTo(ms);
  }

  async apply(action: FaultAction): Promise<void> {
    switch (action.kind) {
      case 'crash':
        return this.servers.crash(action.servers, action.memory);
      case 'leave':
        this.servers.leave(action.servers);
        return;
      case 'restart':
      case 'join':
        return this.servers.start(action.servers);
      case 'pause':
        this.servers.pause(action.servers);
        return;
      case 'resume':
        this.servers.resume(action.servers);
        return;
      case 'upstream':
        this.upstream.state = action.state;
        return;
      case 'clock':
      case 'broker':
        throw new Error(`${action.kind} is not supported with --environment ${this.name}`);
      default:
        this.faults.apply(action);
    }
  }

  sendCommand(client: string, server: ServerId, line: ByteString): void {
    let tcpClient = this.clients.get(client);
    if (tcpClient === undefined) {
      tcpClient = new TcpClient(client, {
        emit: this.dependencies.emit,
        nowMs: () => this.nowMs(),
        clientPort: (name) => this.servers.clientPort(name),
      });
      this.clients.set(client, tcpClient);
    }
    tcpClient.sendCommand(server, line);
  }

  formatTimeField(offByMs: number): ByteString {
    const { seconds, nanoseconds } = this.systemClock.now();
    // In whole milliseconds, since a double cannot hold today's time in nanoseconds; the remainder is appended.
    const millis = seconds * 1_000 + Math.floor(nanoseconds / 1_000_000) + Math.round(offByMs);
    const subMilliseconds = String(nanoseconds % 1_000_000).padStart(6, '0');
    return `${Math.floor(millis / 1_000)}.${String(millis % 1_000).padStart(3, '0')}${subMilliseconds}`;
  }

  canReach(one: ServerId, other: ServerId): boolean {
    const areRunning = this.servers.isRunning(one) && this.servers.isRunning(other);
    return areRunning && this.faults.isOpen(one, other) && this.faults.isOpen(other, one);
  }

  readLocation(server: ServerId, client: ClientId): Promise<Location | undefined> {
    return this.servers.readLocation(server, client);
  }

  readDigest(server: ServerId): Promise<string | undefined> {
    return this.servers.readDigest(server);
  }

  readLoad(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    for (const client of this.clients.values()) client.reset();
    this.upstream.stop();
    await this.servers.crash([...this.scenario.herd.topology.keys()], 'lost');
    await this.network.stop();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }

  /** Stops everything synchronously, for the exit of this process. */
  killAll(): void {
    this.dependencies.launcher.killAll();
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  private breakClients(server: ServerId): void {
    for (const client of this.clients.values()) client.reset(server);
  }
}
