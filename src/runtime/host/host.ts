import { backoffMs, maxRestartBackoffMs } from '../../actors/time/backoff.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { AdminActionError } from '../faults/admin-action.js';
import { HostAdministration, type AdministeredServers } from './host-administration.js';
import { HostedServer, type HostDependencies, type HostServices, type ServerPorts } from './hosted-server.js';
import { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** A server that ran this long has earned a quick restart, in milliseconds. */
const healthyAfterMs = 60_000;

/** How long a process that is to die by hand has to say so to whoever asked, and to its log, in milliseconds. */
const crashDelayMs = 100;

/** A server of this process, and how often in a row it has failed. */
interface Slot {
  server: HostedServer | undefined;
  startedAtMs: number;
  failures: number;
  restartTimer: unknown;
  /** What becomes of it when it fails. */
  afterFailure: 'starts again' | 'stays down';
}

/** Hosts servers in this process. One that fails is started anew; the others do not notice more than a lost neighbour. */
export class Host implements AdministeredServers {
  private readonly slots = new Map<ServerId, Slot>();
  private readonly dependencies: HostDependencies;
  private readonly ports = new Map<ServerId, ServerPorts>();
  /** What is left of servers that have failed or been stopped, on its way out. */
  private readonly stoppingServers = new Map<ServerId, Promise<unknown>>();
  private readonly services: HostServices;
  private state: 'open' | 'stopping' = 'open';

  constructor(edges: HostDependencies) {
    this.dependencies = {
      ...edges,
      observe: (id, bus) => {
        bus.on('server', ({ state }) => {
          if (state === 'failed') this.restartAfterFailure(id);
        });
        edges.observe(id, bus);
      },
      onStarted: (id, ports) => {
        this.ports.set(id, ports);
        edges.onStarted(id, ports);
      },
    };
    const { config, clock, turn, hosted, mode } = edges;
    const links = new LinkFaults(clock, turn.deliveries);
    const administration = new HostAdministration(config, hosted, this, links);
    const isAdministered = mode === 'development' || config.auth.adminToken !== undefined;
    this.services = {
      httpPortOf: (other) => this.ports.get(other)?.http,
      administer: (act) => administration.perform(act),
      faultOf: (one, other) => links.get(one, other),
      // Where nobody may cut links, nothing stands between a server and its wires.
      wrapTransport: (transport, from) => (isAdministered ? links.wrapTransport(transport, from) : transport),
    };
  }

  /**
   * Starts a server.
   * @throws PortError if one of its ports cannot be had
   */
  async start(id: ServerId): Promise<void> {
    const server = new HostedServer(this.dependencies, id, this.services);
    const startedAtMs = this.dependencies.clock.monotonicMs();
    const newSlot: Slot = { server, startedAtMs, failures: 0, restartTimer: undefined, afterFailure: 'starts again' };
    const slot = this.slots.get(id) ?? newSlot;
    slot.server = server;
    slot.afterFailure = 'starts again';
    slot.startedAtMs = startedAtMs;
    this.slots.set(id, slot);
    await server.start();
  }

  /** Stops a server after it has answered its clients. */
  async stop(id: ServerId): Promise<void> {
    const slot = this.slots.get(id);
    this.slots.delete(id);
    this.dependencies.clock.clearTimeout(slot?.restartTimer);
    await slot?.server?.stop();
  }

  /** Stops all servers, and resolves when those are gone, too, that were stopped or have failed before. */
  async stopAll(): Promise<void> {
    this.state = 'stopping';
    await Promise.all([...this.slots.keys()].map((id) => this.stop(id)));
    await Promise.all(this.stoppingServers.values());
  }

  /** Has a server die. It stays down, unless nobody who could be asked to restart it were left; a process of its own dies with it. */
  crash(id: ServerId): void {
    const server = this.runningServer(id);
    const { clock, exitProcess } = this.dependencies;
    if (exitProcess !== undefined) return void clock.setTimeout(exitProcess, crashDelayMs);
    const slot = this.slots.get(id);
    if (slot !== undefined && !this.isLast(id)) slot.afterFailure = 'stays down';
    server.fail('crashed by hand');
  }

  /** Stops a server that is not the last, in its own time. */
  requestStop(id: ServerId): void {
    this.runningServer(id);
    if (this.isLast(id)) {
      throw new AdminActionError('wrong-state', `${id} is the last of its process that could be asked to restart it`);
    }
    const { warn } = this.dependencies;
    this.stoppingServers.set(
      id,
      this.stop(id).catch((error: unknown) => warn(`${id}: ${String(error)}`)),
    );
  }

  /** Starts a server again that is down, and what is left of it is gone. */
  async restart(id: ServerId): Promise<void> {
    this.requireDown(id);
    await this.stoppingServers.get(id);
    if (this.state === 'stopping') throw new AdminActionError('wrong-state', 'all servers are being stopped');
    this.requireDown(id);
    this.dependencies.clock.clearTimeout(this.slots.get(id)?.restartTimer);
    try {
      await this.start(id);
    } catch (error) {
      this.slots.delete(id);
      throw new AdminActionError('wrong-state', (error as Error).message);
    }
  }

  setLogLevel(id: ServerId, level: LogLevel): void {
    this.runningServer(id).setLogLevel(level);
  }

  private runningServer(id: ServerId): HostedServer {
    const server = this.slots.get(id)?.server;
    if (server === undefined) throw new AdminActionError('wrong-state', `${id} is down`);
    return server;
  }

  private requireDown(id: ServerId): void {
    if (this.slots.get(id)?.server === undefined) return;
    throw new AdminActionError('wrong-state', `${id} runs: crash or stop it first`);
  }

  /** Whether no other server of this process runs that can be asked for anything. */
  private isLast(id: ServerId): boolean {
    const { servers } = this.dependencies.config;
    return [...this.slots].every(
      ([other, { server }]) => other === id || server === undefined || servers.get(other)?.httpPort === undefined,
    );
  }

  private restartAfterFailure(id: ServerId): void {
    const slot = this.slots.get(id);
    if (slot?.server === undefined) return;
    const { clock, random, warn } = this.dependencies;
    const cleanup = slot.server.cleanUp().catch((error: unknown) => warn(`${id}: ${String(error)}`));
    this.stoppingServers.set(id, cleanup);
    slot.server = undefined;
    if (slot.afterFailure === 'stays down')
      return warn(`${id} was crashed by hand, and stays down until it is restarted`);
    slot.failures = clock.monotonicMs() - slot.startedAtMs > healthyAfterMs ? 1 : slot.failures + 1;
    const delayMs = backoffMs(slot.failures, random.next(), maxRestartBackoffMs);
    warn(`${id} failed and starts again in ${delayMs} ms; its error log says why`);
    slot.restartTimer = clock.setTimeout(() => {
      void cleanup
        .then(() => (this.slots.get(id) === slot && slot.server === undefined ? this.start(id) : undefined))
        .catch((error: unknown) => {
          warn(`${id} did not start again: ${String(error)}`);
          this.restartAfterFailure(id);
        });
    }, delayMs);
  }
}
