import { LocationBatch } from '../../protocol/place/location-batch.js';
import { addresses } from '../../actors/addresses.js';
import { Server, type ServerSettings } from '../../actors/server/server.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import { BufferOverwriter } from '../../runtime/bus/buffer-overwriter.js';
import { MessageBus } from '../../runtime/bus/message-bus.js';
import type { SimulatedBroker } from '../broker/simulated-broker.js';
import { SimulatedPubSub } from '../broker/simulated-pub-sub.js';
import { openClientListener } from '../network/simulated-client-listener.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import { SimulatedTransport } from '../network/simulated-peer-wire.js';
import { readStoreDigest, readStoredLocation } from '../run/store-probe.js';
import type { SeededRandom } from '../time/seeded-random.js';
import { instrumentBus } from '../run/server-instrumentation.js';
import type { VirtualClock } from '../time/virtual-clock.js';
import type { ServerLoad, SimulationEvent, SimulationListener } from '../environment.js';
import type { SharedLocations } from './shared-locations.js';
import { ServerClock, type ClockFault } from './server-clock.js';
import type { SimulatedDisk } from './simulated-disk.js';
import { SimulatedHttp, type UpstreamState } from './simulated-http.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedSecrets } from './simulated-secrets.js';

/** What the servers of a virtual environment share. */
export interface SimulatedServerDependencies {
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  /** The broker for replication; undefined if locations are flooded over links. */
  readonly broker: SimulatedBroker | undefined;
  readonly emit: SimulationListener;
  readonly locations: SharedLocations;
  /** Called when a promise was created or settled. */
  readonly onPromise: () => void;
}

/** State of a server's machine that outlives its processes. */
export interface SimulatedMachine {
  readonly clockFault: ClockFault;
  readonly disk: SimulatedDisk;
  readonly random: SeededRandom;
  /** Position of the server in the herd. */
  readonly index: number;
}

/** Milliseconds for which a stopping server waits for the broker to receive what it has published. */
const flushTimeoutMs = 2_000;

/** One run of one server: the production actors with simulated dependencies. */
export class SimulatedServer {
  readonly process: SimulatedProcess;
  private readonly bus: MessageBus;
  private readonly server: Server;
  private readonly http: SimulatedHttp;
  private readonly pubSub: SimulatedPubSub | undefined;
  private readonly clock: ServerClock;

  constructor(
    private readonly settings: ServerSettings,
    private readonly machine: SimulatedMachine,
    private readonly dependencies: SimulatedServerDependencies,
  ) {
    const { identity, limits, linkTimings } = settings;
    const { clock, network, broker, onPromise } = dependencies;
    this.process = new SimulatedProcess(identity.server);
    const onListenerFailure = (error: unknown) => {
      throw error;
    };
    this.bus = new MessageBus(onListenerFailure, new BufferOverwriter(), () => clock.monotonicMs());
    const serverClock = new ServerClock(clock, machine.clockFault, this.process);
    this.clock = serverClock;
    const { server } = identity;
    const transport = new SimulatedTransport(network, this.process, maxPeerLineBytes(limits.maxLineBytes), (remote) =>
      dependencies.emit({ kind: 'backpressure', server, neighbour: remote as ServerId }),
    );
    this.http = new SimulatedHttp(serverClock, machine.random.stream('upstream'), onPromise);
    const { heartbeatMs } = linkTimings;
    const { emit: emitEvent } = dependencies;
    const session = { network, host: this.process, clock: serverClock, heartbeatMs, emit: emitEvent, onPromise };
    this.pubSub = broker && new SimulatedPubSub({ broker, ...session }, machine.index);
    this.server = new Server(settings, {
      registry: this.bus,
      reports: network.turn.reports,
      clock: serverClock,
      random: machine.random.stream('actors'),
      transport,
      secrets: new SimulatedSecrets(machine.random.stream('secrets')),
      http: this.http,
      ...(this.pubSub === undefined ? {} : { pubSub: this.pubSub }),
    });
    // The promise of `drain` is settled with the last event.
    this.bus.on('server', onPromise);
    const emit = (event: SimulationEvent): void => {
      machine.disk.observe(event);
      dependencies.emit(event);
    };
    instrumentBus(server, this.bus, emit, (batch, row) => dependencies.locations.locationOf(batch, row));
    transport.listen(identity.server, this.server.acceptPeer);
    openClientListener(network, { host: this.process, bus: this.bus, clock: serverClock });
  }

  /** Starts the actors with what is on the disk. */
  start(): void {
    const { identity } = this.settings;
    const restored = this.machine.disk.read();
    this.dependencies.emit({ kind: 'started', server: identity.server, restored });
    this.server.startStore();
    this.bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of(restored) });
    this.server.start();
    this.server.announce();
  }

  /** Ends the process as SIGKILL does: it runs no more code, and its operating system closes its connections. */
  kill(): void {
    this.process.kill();
    this.machine.disk.processKilled();
    this.dependencies.network.resetAll(this.process);
    this.pubSub?.processEnded();
  }

  /**
   * Ends the process as SIGTERM does: when it has drained, and the broker has received what it has published or does not respond.
   * @param onEnded called then, unless the process was killed before
   */
  leave(onEnded: () => void): void {
    this.process.run(() => {
      this.dependencies.onPromise();
      void this.drain().then(() => {
        if (!this.process.isAlive) return;
        this.process.run(() => {
          this.end();
          onEnded();
        });
      });
    });
  }

  private async drain(): Promise<void> {
    await this.server.drain();
    const { clock, pubSub, dependencies } = this;
    if (pubSub === undefined) return;
    let timer: unknown;
    const timeout = new Promise<void>((resolve) => {
      timer = clock.setTimeout(() => {
        dependencies.onPromise();
        resolve();
      }, flushTimeoutMs);
    });
    await Promise.race([pubSub.flushed(), timeout]);
    clock.clearTimeout(timer);
  }

  private end(): void {
    this.dependencies.onPromise();
    this.process.kill();
    this.machine.disk.processEnded();
    this.dependencies.network.closeAll(this.process);
    this.pubSub?.processEnded();
  }

  setUpstream(state: UpstreamState): void {
    this.http.state = state;
  }

  readLocation(client: ClientId): Location | undefined {
    return readStoredLocation(this.bus, client);
  }

  readDigest(): string {
    return readStoreDigest(this.bus);
  }

  readLoad(): ServerLoad {
    const { network } = this.dependencies;
    return { inFlightBytes: Math.max(network.maxInFlightBytes(this.process), this.pubSub?.maxInFlightBytes ?? 0) };
  }
}
