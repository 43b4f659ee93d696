import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import { SystemClock } from '../../runtime/time/system-clock.js';
import type { FaultableNetwork } from '../network/network-faults.js';
import { Path, type PathConditions } from '../network/path.js';
import { Stream, type Segment, type StreamSink } from '../network/stream.js';
import type { NetworkShaper } from '../proxy/shaped-connection.js';
import { FaultProxy } from '../proxy/fault-proxy.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** Dependencies of a ProxiedNetwork. */
export interface ProxiedNetworkDependencies {
  readonly random: SeededRandom;
  /** The scenario time, for timestamps of segments. */
  readonly nowMs: () => number;
  /** Called with segments that arrived. */
  readonly delivered: (from: ServerId, to: ServerId, segment: Segment) => void;
}

/** Two neighbours and the proxy between them. */
interface ProxiedLink {
  readonly dialer: ServerId;
  readonly target: ServerId;
  readonly proxy: FaultProxy;
}

/** The links of a herd over local TCP, each through a proxy that shapes it with the paths of the simulated network. */
export class ProxiedNetwork implements FaultableNetwork {
  private readonly clock = new UnrefClock();
  private readonly paths = new Map<string, Path>();
  private readonly streams = new Map<Path, Set<Stream>>();
  private readonly links: readonly ProxiedLink[];

  constructor(
    topology: Topology,
    private readonly normalConditions: PathConditions,
    private readonly dependencies: ProxiedNetworkDependencies,
  ) {
    // Both directions: one of two neighbours dials, and the other announces itself.
    this.links = [...topology].flatMap(([dialling, neighbours]) =>
      neighbours.map((dialled) => ({
        dialer: dialling,
        target: dialled,
        proxy: new FaultProxy(0, this.createShaper(dialling, dialled)),
      })),
    );
  }

  /** Starts the proxies. No server is behind them yet. */
  async start(): Promise<void> {
    await Promise.all(this.links.map(({ proxy }) => proxy.start()));
  }

  /** Closes every connection and stops the proxies. */
  async stop(): Promise<void> {
    await Promise.all(this.links.map(({ proxy }) => proxy.stop()));
  }

  /** Returns the port where a server reaches a neighbour; 0 if they are not neighbours. */
  portFor(server: ServerId, neighbour: ServerId): number {
    return this.links.find(({ dialer, target }) => dialer === server && target === neighbour)?.proxy.port ?? 0;
  }

  /** Sets the port where a server accepts its peers; 0: none. */
  setServerPort(server: ServerId, port: number): void {
    for (const { target, proxy } of this.links) if (target === server) proxy.setTarget(port);
  }

  /** Closes the connections of a server, as the operating system of a killed process does. */
  resetServer(server: ServerId): void {
    for (const { dialer, target, proxy } of this.links) {
      if (dialer === server) proxy.resetEndpoint('client');
      if (target === server) proxy.resetEndpoint('server');
    }
  }

  path(from: ServerId, to: ServerId): Path {
    const key = `${from}>${to}`;
    let path = this.paths.get(key);
    if (path === undefined)
      this.paths.set(key, (path = new Path(this.normalConditions, this.dependencies.random.stream(key))));
    return path;
  }

  pathChanged(path: Path): void {
    for (const stream of this.streams.get(path) ?? []) stream.pathChanged();
  }

  private createShaper(dialling: ServerId, dialled: ServerId): NetworkShaper {
    const { nowMs, delivered } = this.dependencies;
    return {
      nowMs,
      stream: (direction, sink) =>
        this.openStream(direction === 'upstream' ? this.path(dialling, dialled) : this.path(dialled, dialling), sink),
      release: (stream) => this.streams.get(stream.path)?.delete(stream),
      delivered: (direction, segment) =>
        direction === 'upstream' ? delivered(dialling, dialled, segment) : delivered(dialled, dialling, segment),
    };
  }

  private openStream(path: Path, sink: StreamSink): Stream {
    const stream = new Stream(this.clock, path, sink);
    this.streams.set(path, (this.streams.get(path) ?? new Set()).add(stream));
    return stream;
  }
}

/** A clock whose timers do not keep the process alive: what is in flight when an environment ends is lost with it. */
class UnrefClock extends SystemClock {
  override setTimeout(callback: () => void, delayMs: number): unknown {
    return setTimeout(callback, delayMs).unref();
  }
}
