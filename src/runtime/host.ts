import { backoffMs, restartPauseMaxMs } from '../actors/backoff.js';
import type { ServerId } from '../protocol/ids.js';
import { HostedServer, type HostEdges, type ServerPorts } from './hosted-server.js';

/** A server that ran this long has earned a quick restart, in milliseconds. */
const soundAfterMs = 60_000;

/** A server of this process, and how often in a row it has failed. */
interface Place {
  server: HostedServer | undefined;
  startedAtMs: number;
  failures: number;
  restart: unknown;
}

/** Hosts servers in this process. One that fails is started anew; the others do not notice more than a lost neighbour. */
export class Host {
  private readonly places = new Map<ServerId, Place>();
  private readonly edges: HostEdges;
  private readonly ports = new Map<ServerId, ServerPorts>();

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
  }

  /**
   * Starts a server.
   * @throws PortError if one of its ports cannot be had
   */
  async start(id: ServerId): Promise<void> {
    const server = new HostedServer(this.edges, id, { httpPortOf: (other) => this.ports.get(other)?.http });
    const startedAtMs = this.edges.clock.monotonicMs();
    const place = this.places.get(id) ?? { server, startedAtMs, failures: 0, restart: undefined };
    place.server = server;
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

  /** Stops all servers. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.places.keys()].map((id) => this.stop(id)));
  }

  private mend(id: ServerId): void {
    const place = this.places.get(id);
    if (place?.server === undefined) return;
    const { clock, random, warn } = this.edges;
    const cleared = place.server.clear().catch((error: unknown) => warn(`${id}: ${String(error)}`));
    place.server = undefined;
    place.failures = clock.monotonicMs() - place.startedAtMs > soundAfterMs ? 1 : place.failures + 1;
    const pauseMs = backoffMs(place.failures, random.next(), restartPauseMaxMs);
    warn(`${id} failed and starts again in ${pauseMs} ms; its error log says why`);
    place.restart = clock.setTimeout(() => {
      void cleared
        .then(() => (this.places.get(id) === place ? this.start(id) : undefined))
        .catch((error: unknown) => {
          warn(`${id} did not start again: ${String(error)}`);
          this.mend(id);
        });
    }, pauseMs);
  }
}
