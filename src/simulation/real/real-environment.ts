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
import { SeededRandom } from '../time/seeded-random.js';
import type { World, WorldListener } from '../environment.js';
import { FaultUpstream } from './fault-upstream.js';
import type { Hosting } from './launcher.js';
import { ProxiedNetwork } from './proxied-network.js';
import { RealServers } from './real-servers.js';
import { StoryClock } from '../time/scenario-clock.js';
import { TcpClient } from './tcp-client.js';

/** What a real world needs besides its scenario. */
export interface RealWorldEdges {
  readonly hosting: Hosting;
  readonly tell: WorldListener;
  /** When the story is to be broken off. */
  readonly interrupted: AbortSignal;
}

/** Why a real world whose servers are run so cannot do what a step says; undefined if it can. */
export function refusalOf(action: Action, hosting: Hosting): string | undefined {
  if (action.kind === 'clock') return 'all its servers go by the clock of this machine';
  return hosting.refusal(action);
}

/** Why no real world can have such a herd; undefined if it can. */
export function refusalOfHerd({ spread }: ScenarioHerd): string | undefined {
  return spread === 'nats' ? 'it spreads by NATS, and only the virtual world has an engine' : undefined;
}

/**
 * This machine: real time, real TCP on 127.0.0.1 with a proxy on every link, and servers as their hosting runs them. The
 * proxies carry bytes over the very paths that the virtual world's network is made of.
 */
export class RealWorld implements World {
  readonly name: string;
  readonly slackMs = 1_000;
  readonly unseen = [
    'bounds, of bytes under way: the systems keep them on both sides of a proxy (of clients kept it is seen)',
    'newest-wins, read-your-writes and acknowledged-survives: what servers learn is seen late here, and proxies hold what links carry',
  ];
  private readonly systemClock = new SystemClock();
  private readonly clock: StoryClock;
  private readonly network: ProxiedNetwork;
  private readonly faults: NetworkFaults;
  private readonly upstream: FaultUpstream;
  private readonly servers: RealServers;
  private readonly clients = new Map<string, TcpClient>();
  /** The world's own; undefined until it is made. */
  private folder: string | undefined;

  constructor(
    private readonly scenario: Scenario,
    private readonly edges: RealWorldEdges,
  ) {
    const { hosting, interrupted, tell } = edges;
    const { topology } = scenario.herd;
    const random = new SeededRandom(String(scenario.seed));
    this.name = hosting.world;
    this.clock = new StoryClock(this.systemClock, interrupted);
    this.network = new ProxiedNetwork(topology, scenario.network, {
      random: random.stream('network'),
      nowMs: () => this.nowMs(),
      carried: (from, to, { sentMs, text }) => tell({ kind: 'carried', from, to, sentMs, text }),
    });
    this.faults = new NetworkFaults(this.network, topology);
    this.upstream = new FaultUpstream(random.stream('upstream'));
    this.servers = new RealServers(scenario, {
      ...edges,
      network: this.network,
      upstream: this.upstream,
      breakClients: (server) => this.breakClients(server),
    });
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  refusalOfHerd(herd: ScenarioHerd): string | undefined {
    return refusalOfHerd(herd);
  }

  refusal(action: Action): string | undefined {
    return refusalOf(action, this.edges.hosting);
  }

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'herd-world-'));
    await Promise.all([this.network.up(), this.upstream.start()]);
    await this.servers.open(this.folder);
    await this.servers.start([...this.scenario.herd.topology.keys()]);
  }

  passUntil(ms: number): Promise<void> {
    return this.clock.passUntil(ms);
  }

  async apply(action: FaultAction): Promise<void> {
    switch (action.kind) {
      case 'crash':
        return this.servers.crash(action.servers, action.memory);
      case 'restart':
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
      case 'engine':
        throw new Error(`the world of ${this.name} cannot do ${action.kind}, and should have refused`);
      default:
        this.faults.apply(action);
    }
  }

  command(client: string, server: ServerId, line: ByteString): void {
    let phone = this.clients.get(client);
    if (phone === undefined) {
      phone = new TcpClient(client, {
        tell: this.edges.tell,
        nowMs: () => this.nowMs(),
        portOf: (name) => this.servers.clientPortOf(name),
      });
      this.clients.set(client, phone);
    }
    phone.command(server, line);
  }

  timeField(offByMs: number): ByteString {
    const { seconds, nanoseconds } = this.systemClock.now();
    // In whole milliseconds, for a double of today's nanoseconds would not hold them; what is finer stays as it is.
    const millis = seconds * 1_000 + Math.floor(nanoseconds / 1_000_000) + Math.round(offByMs);
    const finer = String(nanoseconds % 1_000_000).padStart(6, '0');
    return `${Math.floor(millis / 1_000)}.${String(millis % 1_000).padStart(3, '0')}${finer}`;
  }

  reaches(one: ServerId, other: ServerId): boolean {
    const areRunning = this.servers.isRunning(one) && this.servers.isRunning(other);
    return areRunning && this.faults.isOpen(one, other) && this.faults.isOpen(other, one);
  }

  holds(server: ServerId, client: ClientId): Promise<Location | undefined> {
    return this.servers.holds(server, client);
  }

  digest(server: ServerId): Promise<string | undefined> {
    return this.servers.digest(server);
  }

  load(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    for (const client of this.clients.values()) client.cut();
    this.upstream.stop();
    await this.servers.crash([...this.scenario.herd.topology.keys()], 'lost');
    await this.network.down();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }

  /** Ends everything before it returns: there is no more time. */
  abandon(): void {
    this.edges.hosting.abandon();
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  private breakClients(server: ServerId): void {
    for (const client of this.clients.values()) client.cut(server);
  }
}
