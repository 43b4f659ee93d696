import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import { SystemClock } from '../../runtime/time/system-clock.js';
import type { Ways } from '../network/network-faults.js';
import { Path, type PathConditions } from '../network/path.js';
import { Stream, type Segment, type StreamSink } from '../network/stream.js';
import type { Carrier } from '../proxy/shaped-connection.js';
import { FaultProxy } from '../proxy/fault-proxy.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** What a network of proxies needs. */
export interface ProxiedNetworkEdges {
  readonly random: SeededRandom;
  /** The time that stands beside what is carried. */
  readonly nowMs: () => number;
  /** Hears of bytes that came through. */
  readonly carried: (from: ServerId, to: ServerId, segment: Segment) => void;
}

/** Two neighbours, and the proxy between them. */
interface ProxiedLink {
  readonly dialling: ServerId;
  readonly dialled: ServerId;
  readonly proxy: FaultProxy;
}

/** The links of a herd over TCP on this machine, each through a proxy that carries it over paths as the simulated network has them. */
export class ProxiedNetwork implements Ways {
  private readonly clock = new IdleClock();
  private readonly paths = new Map<string, Path>();
  private readonly streams = new Map<Path, Set<Stream>>();
  private readonly links: readonly ProxiedLink[];

  constructor(
    topology: Topology,
    private readonly usual: PathConditions,
    private readonly edges: ProxiedNetworkEdges,
  ) {
    // Both ways: one of two neighbours dials, and the other announces itself.
    this.links = [...topology].flatMap(([dialling, neighbours]) =>
      neighbours.map((dialled) => ({
        dialling,
        dialled,
        proxy: new FaultProxy(0, this.carrierOf(dialling, dialled)),
      })),
    );
  }

  /** Begins to take calls. Nobody is behind the proxies yet. */
  async up(): Promise<void> {
    await Promise.all(this.links.map(({ proxy }) => proxy.up()));
  }

  /** Breaks every connection, and takes no more. */
  async down(): Promise<void> {
    await Promise.all(this.links.map(({ proxy }) => proxy.down()));
  }

  /** The port at which a server finds a neighbour; 0 for a server that is none. */
  portFor(server: ServerId, neighbour: ServerId): number {
    return this.links.find(({ dialling, dialled }) => dialling === server && dialled === neighbour)?.proxy.port ?? 0;
  }

  /** A server takes the calls of its neighbours at a port from now on; 0: at none. */
  aim(server: ServerId, port: number): void {
    for (const { dialled, proxy } of this.links) if (dialled === server) proxy.aim(port);
  }

  /** Breaks the connections of a server, as the system of a killed process does. */
  kill(server: ServerId): void {
    for (const { dialling, dialled, proxy } of this.links) {
      if (dialling === server) proxy.kill('caller');
      if (dialled === server) proxy.kill('called');
    }
  }

  path(from: ServerId, to: ServerId): Path {
    const key = `${from}>${to}`;
    let path = this.paths.get(key);
    if (path === undefined) this.paths.set(key, (path = new Path(this.usual, this.edges.random.stream(key))));
    return path;
  }

  pathChanged(path: Path): void {
    for (const stream of this.streams.get(path) ?? []) stream.pathChanged();
  }

  private carrierOf(dialling: ServerId, dialled: ServerId): Carrier {
    const { nowMs, carried } = this.edges;
    return {
      nowMs,
      stream: (direction, sink) =>
        this.stream(direction === 'there' ? this.path(dialling, dialled) : this.path(dialled, dialling), sink),
      release: (stream) => this.streams.get(stream.path)?.delete(stream),
      carried: (direction, segment) =>
        direction === 'there' ? carried(dialling, dialled, segment) : carried(dialled, dialling, segment),
    };
  }

  private stream(path: Path, sink: StreamSink): Stream {
    const stream = new Stream(this.clock, path, sink);
    this.streams.set(path, (this.streams.get(path) ?? new Set()).add(stream));
    return stream;
  }
}

/** A clock whose timers keep nobody from ending: what is under way when a world ends is lost with it. */
class IdleClock extends SystemClock {
  override setTimeout(callback: () => void, delayMs: number): unknown {
    return setTimeout(callback, delayMs).unref();
  }
}
