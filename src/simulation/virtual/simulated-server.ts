import { LocationBatch } from '../../protocol/place/location-batch.js';
import { addresses } from '../../actors/addresses.js';
import { Server, type ServerSettings } from '../../actors/server/server.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import { BufferOverwriter } from '../../runtime/bus/buffer-overwriter.js';
import { MessageBus } from '../../runtime/bus/message-bus.js';
import type { BucketEngine } from '../broker/bucket-engine.js';
import { SimulatedBucket } from '../broker/simulated-bucket.js';
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
  readonly broker: BucketEngine | undefined;
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
}

/** One run of one server: the production actors with simulated dependencies. */
export class SimulatedServer {
  readonly process: SimulatedProcess;
  private readonly bus: MessageBus;
  private readonly server: Server;
  private readonly http: SimulatedHttp;
  private readonly bucket: SimulatedBucket | undefined;

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
    const { server } = identity;
    const transport = new SimulatedTransport(network, this.process, maxPeerLineBytes(limits.maxLineBytes), (remote) =>
      dependencies.emit({ kind: 'backpressure', server, neighbour: remote as ServerId }),
    );
    this.http = new SimulatedHttp(serverClock, machine.random.stream('upstream'), onPromise);
    const connecting = {
      network,
      host: this.process,
      clock: serverClock,
      beatMs: linkTimings.heartbeatMs,
      tell: dependencies.emit,
    };
    this.bucket = broker && new SimulatedBucket({ engine: broker, ...connecting, onPromise });
    this.server = new Server(settings, {
      registry: this.bus,
      reports: network.turn.reports,
      clock: serverClock,
      random: machine.random.stream('actors'),
      transport,
      secrets: new SimulatedSecrets(machine.random.stream('secrets')),
      http: this.http,
      bucket: this.bucket,
    });
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
    this.bucket?.processKilled();
    this.dependencies.network.resetAll(this.process);
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
    return {
      inFlightBytes: network.maxInFlightBytes(this.process),
      pendingBrokerRequests: this.bucket?.underWayAsked ?? 0,
    };
  }
}
