import { backoffMs, maxRestartBackoffMs } from '../../actors/time/backoff.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { AdminActionError } from '../faults/admin-action.js';
import { HostAdministration, type AdministeredServers } from './host-administration.js';
import { HostedServer, type HostDependencies, type HostServices, type ServerPorts } from './hosted-server.js';
import { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** Uptime after which the restart backoff resets, in milliseconds. */
const healthyAfterMs = 60_000;

/** Delay before a process exits on a crash action, in milliseconds: time for the HTTP response and the log. */
const crashDelayMs = 100;

/** Slot of a server, kept across its restarts. */
interface Slot {
  server: HostedServer | undefined;
  startedAtMs: number;
  /** Consecutive failures without a healthy run in between. */
  failures: number;
  restartTimer: unknown;
  /** Whether it is restarted after a failure. False after a crash action. */
  restartsOnFailure: boolean;
}

/** Hosts servers in this process and restarts those that fail. To the others a failed server is a neighbour that is down. */
export class Host implements AdministeredServers {
  private readonly slots = new Map<ServerId, Slot>();
  private readonly dependencies: HostDependencies;
  private readonly ports = new Map<ServerId, ServerPorts>();
  /** Pending clean-up of servers that have failed or been stopped. */
  private readonly stoppingServers = new Map<ServerId, Promise<unknown>>();
  private readonly services: HostServices;
  private isStopping = false;

  constructor(dependencies: HostDependencies) {
    this.dependencies = {
      ...dependencies,
      observe: (id, bus) => {
        bus.on('server', ({ state }) => {
          if (state === 'failed') this.restartAfterFailure(id);
        });
        dependencies.observe(id, bus);
      },
      onStarted: (id, ports) => {
        this.ports.set(id, ports);
        dependencies.onStarted(id, ports);
      },
    };
    const { config, clock, turn, hosted, mode } = dependencies;
    const links = new LinkFaults(clock, turn.deliveries);
    const administration = new HostAdministration(config, hosted, this, links);
    const isAdministered = mode === 'development' || config.auth.adminToken !== undefined;
    this.services = {
      httpPortOf: (other) => this.ports.get(other)?.http,
      administer: (adminAction) => administration.perform(adminAction),
      faultOf: (one, other) => links.get(one, other),
      // Without admin actions no fault can be injected, so channels are not wrapped.
      wrapTransport: (transport, from) => (isAdministered ? links.wrapTransport(transport, from) : transport),
    };
  }

  /**
   * Starts a server.
   * @throws PortError if one of its ports is unavailable
   */
  async start(id: ServerId): Promise<void> {
    const server = new HostedServer(this.dependencies, id, this.services);
    const startedAtMs = this.dependencies.clock.monotonicMs();
    const newSlot: Slot = { server, startedAtMs, failures: 0, restartTimer: undefined, restartsOnFailure: true };
    const slot = this.slots.get(id) ?? newSlot;
    slot.server = server;
    slot.restartsOnFailure = true;
    slot.startedAtMs = startedAtMs;
    this.slots.set(id, slot);
    await server.start();
  }

  /** Stops a server after it has drained. */
  async stop(id: ServerId): Promise<void> {
    const slot = this.slots.get(id);
    this.slots.delete(id);
    this.dependencies.clock.clearTimeout(slot?.restartTimer);
    await slot?.server?.stop();
  }

  /** Stops all servers; resolves when the clean-up of earlier ones is done as well. */
  async stopAll(): Promise<void> {
    this.isStopping = true;
    await Promise.all([...this.slots.keys()].map((id) => this.stop(id)));
    await Promise.all(this.stoppingServers.values());
  }

  /** Crashes a server. It stays down unless it is the last one in this process reachable over HTTP. With a process per server, the process exits. */
  crash(id: ServerId): void {
    const server = this.runningServer(id);
    const { clock, exitProcess } = this.dependencies;
    if (exitProcess !== undefined) return void clock.setTimeout(exitProcess, crashDelayMs);
    const slot = this.slots.get(id);
    if (slot !== undefined && !this.isLast(id)) slot.restartsOnFailure = false;
    server.fail('crashed manually');
  }

  /** Stops a server in the background, unless it is the last one reachable over HTTP. */
  requestStop(id: ServerId): void {
    this.runningServer(id);
    if (this.isLast(id)) {
      throw new AdminActionError(
        'wrong-state',
        `cannot stop ${id}: it is the last server in this process with an httpPort`,
      );
    }
    const { warn } = this.dependencies;
    this.stoppingServers.set(
      id,
      this.stop(id).catch((error: unknown) => warn(`${id}: ${String(error)}`)),
    );
  }

  /** Starts a server that is down, after its clean-up. */
  async restart(id: ServerId): Promise<void> {
    this.requireDown(id);
    await this.stoppingServers.get(id);
    if (this.isStopping) throw new AdminActionError('wrong-state', 'the process is stopping');
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
    throw new AdminActionError('wrong-state', `${id} is running; stop it first`);
  }

  /** Whether no other running server of this process is reachable over HTTP. */
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
    if (!slot.restartsOnFailure) return warn(`${id} was crashed manually and stays down until it is restarted`);
    slot.failures = clock.monotonicMs() - slot.startedAtMs > healthyAfterMs ? 1 : slot.failures + 1;
    const delayMs = backoffMs(slot.failures, random.next(), maxRestartBackoffMs);
    warn(`${id} failed; restarting in ${delayMs} ms (see its error log)`);
    slot.restartTimer = clock.setTimeout(() => {
      void cleanup
        .then(() => (this.slots.get(id) === slot && slot.server === undefined ? this.start(id) : undefined))
        .catch((error: unknown) => {
          warn(`restart of ${id} failed: ${String(error)}`);
          this.restartAfterFailure(id);
        });
    }, delayMs);
  }
}
