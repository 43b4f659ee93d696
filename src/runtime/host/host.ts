import { backoffMs, restartPauseMaxMs } from '../../actors/time/backoff.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { AdministrationError } from '../faults/admin-action.js';
import { HostAdministration, type AdministeredServers } from './host-administration.js';
import { HostedServer, type HostEdges, type Neighbourhood, type ServerPorts } from './hosted-server.js';
import { LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** A server that ran this long has earned a quick restart, in milliseconds. */
const soundAfterMs = 60_000;

/** How long a process that is to die by hand has to say so to whoever asked, and to its log, in milliseconds. */
const lastWordsMs = 100;

/** A server of this process, and how often in a row it has failed. */
interface Place {
  server: HostedServer | undefined;
  startedAtMs: number;
  failures: number;
  restart: unknown;
  /** What becomes of it when it fails. */
  afterFailure: 'starts again' | 'stays down';
}

/** Hosts servers in this process. One that fails is started anew; the others do not notice more than a lost neighbour. */
export class Host implements AdministeredServers {
  private readonly places = new Map<ServerId, Place>();
  private readonly edges: HostEdges;
  private readonly ports = new Map<ServerId, ServerPorts>();
  /** What is left of servers that have failed or been stopped, on its way out. */
  private readonly leaving = new Map<ServerId, Promise<unknown>>();
  private readonly neighbourhood: Neighbourhood;
  private state: 'open' | 'stopping' = 'open';

  constructor(edges: HostEdges) {
    this.edges = {
      ...edges,
      observe: (id, bus) => {
        bus.on('server', ({ state }) => {
          if (state === 'failed') this.mend(id);
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
    const isAdministered = mode === 'development' || config.access.administration !== undefined;
    this.neighbourhood = {
      httpPortOf: (other) => this.ports.get(other)?.http,
      administer: (act) => administration.do(act),
      faultOf: (one, other) => links.of(one, other),
      // Where nobody may cut links, nothing stands between a server and its wires.
      transportOver: (transport, from) => (isAdministered ? links.transportOver(transport, from) : transport),
    };
  }

  /**
   * Starts a server.
   * @throws PortError if one of its ports cannot be had
   */
  async start(id: ServerId): Promise<void> {
    const server = new HostedServer(this.edges, id, this.neighbourhood);
    const startedAtMs = this.edges.clock.monotonicMs();
    const fresh: Place = { server, startedAtMs, failures: 0, restart: undefined, afterFailure: 'starts again' };
    const place = this.places.get(id) ?? fresh;
    place.server = server;
    place.afterFailure = 'starts again';
    place.startedAtMs = startedAtMs;
    this.places.set(id, place);
    await server.start();
  }

  /** Stops a server after it has answered its clients. */
  async stop(id: ServerId): Promise<void> {
    const place = this.places.get(id);
    this.places.delete(id);
    this.edges.clock.clearTimeout(place?.restart);
    await place?.server?.stop();
  }

  /** Stops all servers, and resolves when those are gone, too, that were stopped or have failed before. */
  async stopAll(): Promise<void> {
    this.state = 'stopping';
    await Promise.all([...this.places.keys()].map((id) => this.stop(id)));
    await Promise.all(this.leaving.values());
  }

  /** Has a server die. It stays down, unless nobody who could be asked to restart it were left; a process of its own dies with it. */
  crash(id: ServerId): void {
    const server = this.runningServer(id);
    const { clock, die } = this.edges;
    if (die !== undefined) return void clock.setTimeout(die, lastWordsMs);
    const place = this.places.get(id);
    if (place !== undefined && !this.isLast(id)) place.afterFailure = 'stays down';
    server.fail('crashed by hand');
  }

  /** Stops a server that is not the last, in its own time. */
  stopByHand(id: ServerId): void {
    this.runningServer(id);
    if (this.isLast(id)) {
      throw new AdministrationError(
        'wrong state',
        `${id} is the last of its process that could be asked to restart it`,
      );
    }
    const { warn } = this.edges;
    this.leaving.set(
      id,
      this.stop(id).catch((error: unknown) => warn(`${id}: ${String(error)}`)),
    );
  }

  /** Starts a server again that is down, and what is left of it is gone. */
  async restart(id: ServerId): Promise<void> {
    this.checkDown(id);
    await this.leaving.get(id);
    if (this.state === 'stopping') throw new AdministrationError('wrong state', 'all servers are being stopped');
    this.checkDown(id);
    this.edges.clock.clearTimeout(this.places.get(id)?.restart);
    try {
      await this.start(id);
    } catch (error) {
      this.places.delete(id);
      throw new AdministrationError('wrong state', (error as Error).message);
    }
  }

  setLogLevel(id: ServerId, level: LogLevel): void {
    this.runningServer(id).setLogLevel(level);
  }

  private runningServer(id: ServerId): HostedServer {
    const server = this.places.get(id)?.server;
    if (server === undefined) throw new AdministrationError('wrong state', `${id} is down`);
    return server;
  }

  private checkDown(id: ServerId): void {
    if (this.places.get(id)?.server === undefined) return;
    throw new AdministrationError('wrong state', `${id} runs: crash or stop it first`);
  }

  /** Whether no other server of this process runs that can be asked for anything. */
  private isLast(id: ServerId): boolean {
    const { servers } = this.edges.config;
    return [...this.places].every(
      ([other, { server }]) => other === id || server === undefined || servers.get(other)?.httpPort === undefined,
    );
  }

  private mend(id: ServerId): void {
    const place = this.places.get(id);
    if (place?.server === undefined) return;
    const { clock, random, warn } = this.edges;
    const cleared = place.server.clear().catch((error: unknown) => warn(`${id}: ${String(error)}`));
    this.leaving.set(id, cleared);
    place.server = undefined;
    if (place.afterFailure === 'stays down')
      return warn(`${id} was crashed by hand, and stays down until it is restarted`);
    place.failures = clock.monotonicMs() - place.startedAtMs > soundAfterMs ? 1 : place.failures + 1;
    const pauseMs = backoffMs(place.failures, random.next(), restartPauseMaxMs);
    warn(`${id} failed and starts again in ${pauseMs} ms; its error log says why`);
    place.restart = clock.setTimeout(() => {
      void cleared
        .then(() => (this.places.get(id) === place && place.server === undefined ? this.start(id) : undefined))
        .catch((error: unknown) => {
          warn(`${id} did not start again: ${String(error)}`);
          this.mend(id);
        });
    }, pauseMs);
  }
}
