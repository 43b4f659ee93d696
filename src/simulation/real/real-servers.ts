import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorldEvent, WorldListener } from '../environment.js';
import type { FaultUpstream } from './fault-upstream.js';
import { herdFileOf } from './herd-file.js';
import type { Hosting, RunningServer } from './launcher.js';
import type { ProxiedNetwork } from './proxied-network.js';

/** What the servers of a real world need. */
export interface RealServersEdges {
  readonly hosting: Hosting;
  readonly tell: WorldListener;
  readonly network: ProxiedNetwork;
  readonly upstream: FaultUpstream;
  /** Resets the connections of clients with a server. */
  readonly breakClients: (server: ServerId) => void;
}

/** The servers of a real world: starts and ends them, and knows which of them run. */
export class RealServers {
  private readonly runs = new Map<ServerId, RunningServer>();
  private readonly paused = new Set<ServerId>();
  /** What each that runs has said that it holds: a paused one cannot be asked. */
  private readonly said = new Map<ServerId, Map<ClientId, Location>>();
  private folder = '';

  constructor(
    private readonly scenario: Scenario,
    private readonly edges: RealServersEdges,
  ) {}

  /** Writes a herd.yaml for each server into a folder of their own. The network has its ports by then. */
  async open(folder: string): Promise<void> {
    this.folder = folder;
    const { herd, steps } = this.scenario;
    const keeps = steps.some(({ action }) => action.kind === 'crash' && action.memory === 'on disk');
    for (const server of herd.topology.keys()) {
      const portFor = (neighbour: ServerId) => this.edges.network.portFor(server, neighbour);
      const storePath = keeps ? this.storePath : undefined;
      await writeFile(this.fileOf(server), herdFileOf(herd, server, { portFor, storePath }));
    }
  }

  /**
   * Starts those of the servers that do not run. Resolves when all of them take clients.
   * @throws HostingError if one cannot be started
   */
  async start(servers: readonly ServerId[]): Promise<void> {
    const results = await Promise.allSettled(servers.map((server) => this.startOne(server)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Ends servers in the middle of what they do. */
  async crash(servers: readonly ServerId[], memory: 'lost' | 'on disk'): Promise<void> {
    await Promise.all(servers.map((server) => this.crashOne(server)));
    if (memory === 'on disk') return;
    await Promise.all(servers.map((server) => rm(join(this.storePath, server), { recursive: true, force: true })));
  }

  pause(servers: readonly ServerId[]): void {
    for (const server of servers) {
      const run = this.runs.get(server);
      if (run === undefined || this.paused.has(server)) continue;
      this.paused.add(server);
      run.pause();
      this.edges.tell({ kind: 'paused', server });
    }
  }

  resume(servers: readonly ServerId[]): void {
    for (const server of servers) {
      if (!this.paused.delete(server)) continue;
      this.edges.tell({ kind: 'resumed', server });
      this.runs.get(server)?.resume();
    }
  }

  /** Whether a server runs, and is not paused. */
  isRunning(server: ServerId): boolean {
    return this.runs.has(server) && !this.paused.has(server);
  }

  /** The port at which a server takes clients; 0 if it does not run. */
  clientPortOf(server: ServerId): number {
    return this.runs.get(server)?.ports.client ?? 0;
  }

  holds(server: ServerId, client: ClientId): Promise<Location | undefined> {
    if (this.paused.has(server)) return Promise.resolve(this.said.get(server)?.get(client));
    return this.runs.get(server)?.holds(client) ?? Promise.resolve(undefined);
  }

  digest(server: ServerId): Promise<string | undefined> {
    if (!this.isRunning(server)) return Promise.resolve(undefined);
    return this.runs.get(server)?.digest() ?? Promise.resolve(undefined);
  }

  private async startOne(server: ServerId): Promise<void> {
    if (this.runs.has(server)) return;
    const { hosting, network, upstream, breakClients } = this.edges;
    const run = await hosting.start({
      server,
      file: this.fileOf(server),
      upstreamUrl: upstream.url,
      tell: (event) => this.note(server, event),
      onEnded: (reason) => this.ended(server, reason),
      breakConnections: () => {
        network.kill(server);
        breakClients(server);
      },
    });
    this.runs.set(server, run);
    network.aim(server, run.ports.peer ?? 0);
  }

  private async crashOne(server: ServerId): Promise<void> {
    const run = this.runs.get(server);
    if (run === undefined) return;
    this.forget(server);
    await run.kill();
    this.edges.tell({ kind: 'down', server });
  }

  private ended(server: ServerId, reason: string): void {
    this.forget(server);
    this.edges.tell({ kind: 'failed', server, text: `it ended by itself: ${reason}` });
    this.edges.tell({ kind: 'down', server });
  }

  private forget(server: ServerId): void {
    this.runs.delete(server);
    this.paused.delete(server);
    this.edges.network.aim(server, 0);
  }

  private note(server: ServerId, event: WorldEvent): void {
    switch (event.kind) {
      case 'started':
        this.said.set(server, new Map(event.remembered.map((location) => [location.client, location])));
        break;
      case 'learned':
        this.said.get(server)?.set(event.location.client, event.location);
        break;
      case 'forgotten':
        this.said.get(server)?.delete(event.location.client);
        break;
      default:
        break;
    }
    this.edges.tell(event);
  }

  private fileOf(server: ServerId): string {
    return join(this.folder, `${server}.yaml`);
  }

  private get storePath(): string {
    return join(this.folder, 'store');
  }
}
