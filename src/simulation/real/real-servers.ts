import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Scenario } from '../scenario/scenario.js';
import type { SimulationEvent, SimulationListener } from '../environment.js';
import type { FaultUpstream } from './fault-upstream.js';
import { formatHerdFile } from './herd-file.js';
import type { ServerLauncher, RunningServer } from './launcher.js';
import type { ProxiedNetwork } from './proxied-network.js';

/** Dependencies of RealServers. */
export interface RealServersDependencies {
  readonly launcher: ServerLauncher;
  readonly emit: SimulationListener;
  readonly network: ProxiedNetwork;
  readonly upstream: FaultUpstream;
  /** Resets the connections of clients to a server. */
  readonly breakClients: (server: ServerId) => void;
}

/** Starts and stops the servers of a real environment, and tracks which of them run. */
export class RealServers {
  private readonly runs = new Map<ServerId, RunningServer>();
  private readonly paused = new Set<ServerId>();
  /** Store contents of each running server according to its events: a paused server cannot be queried. */
  private readonly reportedLocations = new Map<ServerId, Map<ClientId, Location>>();
  private readonly leaving = new Map<ServerId, Promise<void>>();
  private folder = '';

  constructor(
    private readonly scenario: Scenario,
    private readonly dependencies: RealServersDependencies,
  ) {}

  /** Writes a herd.yaml for each server into a folder. The ports of the network must be known. */
  async writeHerdFiles(folder: string): Promise<void> {
    this.folder = folder;
    const { herd, steps } = this.scenario;
    const keepsDisk = steps.some(
      ({ action }) => action.kind === 'leave' || (action.kind === 'crash' && action.memory === 'on disk'),
    );
    for (const server of herd.topology.keys()) {
      const peerPortFor = (neighbour: ServerId) => this.dependencies.network.portFor(server, neighbour);
      const storePath = keepsDisk ? this.storePath : undefined;
      await writeFile(this.herdFilePath(server), formatHerdFile(herd, server, { peerPortFor, storePath }));
    }
  }

  /**
   * Starts those of the servers that do not run. Resolves when all of them accept clients.
   * @throws LauncherError if one cannot be started
   */
  async start(servers: readonly ServerId[]): Promise<void> {
    const results = await Promise.allSettled(servers.map((server) => this.startOne(server)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Kills servers. */
  async crash(servers: readonly ServerId[], memory: 'lost' | 'on disk'): Promise<void> {
    await Promise.all(servers.map((server) => this.crashOne(server)));
    if (memory === 'on disk') return;
    await Promise.all(servers.map((server) => rm(join(this.storePath, server), { recursive: true, force: true })));
  }

  /** Begins to stop servers in an orderly way. What they store on disk is kept. */
  leave(servers: readonly ServerId[]): void {
    for (const server of servers) {
      if (this.leaving.has(server)) continue;
      const left = this.leaveOne(server).finally(() => this.leaving.delete(server));
      this.leaving.set(server, left);
    }
  }

  pause(servers: readonly ServerId[]): void {
    for (const server of servers) {
      const run = this.runs.get(server);
      if (run === undefined || this.paused.has(server)) continue;
      this.paused.add(server);
      run.pause();
      this.dependencies.emit({ kind: 'paused', server });
    }
  }

  resume(servers: readonly ServerId[]): void {
    for (const server of servers) {
      if (!this.paused.delete(server)) continue;
      this.dependencies.emit({ kind: 'resumed', server });
      this.runs.get(server)?.resume();
    }
  }

  /** Whether a server runs and is not paused. */
  isRunning(server: ServerId): boolean {
    return this.runs.has(server) && !this.paused.has(server);
  }

  /** The port where a server accepts clients; 0 if it does not run. */
  clientPort(server: ServerId): number {
    return this.runs.get(server)?.ports.client ?? 0;
  }

  readLocation(server: ServerId, client: ClientId): Promise<Location | undefined> {
    if (this.paused.has(server)) return Promise.resolve(this.reportedLocations.get(server)?.get(client));
    return this.runs.get(server)?.readLocation(client) ?? Promise.resolve(undefined);
  }

  readDigest(server: ServerId): Promise<string | undefined> {
    if (!this.isRunning(server)) return Promise.resolve(undefined);
    return this.runs.get(server)?.readDigest() ?? Promise.resolve(undefined);
  }

  private async startOne(server: ServerId): Promise<void> {
    await this.leaving.get(server);
    if (this.runs.has(server)) return;
    const { launcher, network, upstream, breakClients } = this.dependencies;
    const run = await launcher.launch({
      server,
      herdYaml: this.herdFilePath(server),
      upstreamUrl: upstream.url,
      emit: (event) => this.handleEvent(server, event),
      onExit: (reason) => this.handleExit(server, reason),
      breakConnections: () => {
        network.resetServer(server);
        breakClients(server);
      },
    });
    this.runs.set(server, run);
    network.setServerPort(server, run.ports.peer ?? 0);
  }

  private async crashOne(server: ServerId): Promise<void> {
    const run = this.runs.get(server);
    if (run === undefined) return;
    this.removeRun(server);
    await run.kill();
    this.dependencies.emit({ kind: 'down', server });
  }

  private async leaveOne(server: ServerId): Promise<void> {
    const run = this.runs.get(server);
    if (run === undefined) return;
    await run.stop();
    // It may have been killed in the meantime.
    if (this.runs.get(server) !== run) return;
    this.removeRun(server);
    this.dependencies.emit({ kind: 'left', server });
    this.dependencies.emit({ kind: 'down', server });
  }

  private handleExit(server: ServerId, reason: string): void {
    this.removeRun(server);
    this.dependencies.emit({ kind: 'failed', server, text: `it exited unexpectedly: ${reason}` });
    this.dependencies.emit({ kind: 'down', server });
  }

  private removeRun(server: ServerId): void {
    this.runs.delete(server);
    this.paused.delete(server);
    this.dependencies.network.setServerPort(server, 0);
  }

  private handleEvent(server: ServerId, event: SimulationEvent): void {
    switch (event.kind) {
      case 'started':
        this.reportedLocations.set(server, new Map(event.restored.map((location) => [location.client, location])));
        break;
      case 'learned':
        this.reportedLocations.get(server)?.set(event.location.client, event.location);
        break;
      case 'evicted':
        this.reportedLocations.get(server)?.delete(event.location.client);
        break;
      default:
        break;
    }
    this.dependencies.emit(event);
  }

  private herdFilePath(server: ServerId): string {
    return join(this.folder, `${server}.yaml`);
  }

  private get storePath(): string {
    return join(this.folder, 'store');
  }
}
