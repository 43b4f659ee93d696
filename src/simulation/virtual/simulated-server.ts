import { addresses } from '../../actors/bus/messages.js';
import { Server, type ServerSettings } from '../../actors/server/server.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { peerLineBytesMax } from '../../protocol/peer/peer-line.js';
import { MessageBus } from '../../runtime/bus/message-bus.js';
import type { BucketEngine } from '../broker/bucket-engine.js';
import { SimulatedBucket } from '../broker/simulated-bucket.js';
import { openClientDoor } from '../network/simulated-client-listener.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import { SimulatedTransport } from '../network/simulated-peer-wire.js';
import { askDigest, askWhereIs } from '../run/store-probe.js';
import type { SeededRandom } from '../time/seeded-random.js';
import { watchBus } from '../run/server-instrumentation.js';
import type { VirtualClock } from '../time/virtual-clock.js';
import type { ServerLoad, WorldListener } from '../environment.js';
import { ServerClock, type ClockFault } from './server-clock.js';
import type { SimulatedDisk } from './simulated-disk.js';
import { SimulatedHttp, type UpstreamState } from './simulated-http.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedSecrets } from './simulated-secrets.js';

/** What the servers of a virtual world share. */
export interface SimulatedServerEdges {
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  /** What locations are spread by; undefined: they are flooded over links. */
  readonly engine: BucketEngine | undefined;
  readonly tell: WorldListener;
  /** Hears that a promise was given or kept. */
  readonly onPromise: () => void;
}

/** What outlives the processes of one server. */
export interface SimulatedMachine {
  readonly clockFault: ClockFault;
  readonly disk: SimulatedDisk;
  readonly random: SeededRandom;
}

/** One run of one server: the production actors, on edges that are simulated. */
export class SimulatedServer {
  readonly process: SimulatedProcess;
  private readonly bus: MessageBus;
  private readonly server: Server;
  private readonly http: SimulatedHttp;
  private readonly bucket: SimulatedBucket | undefined;

  constructor(
    private readonly settings: ServerSettings,
    private readonly machine: SimulatedMachine,
    private readonly edges: SimulatedServerEdges,
  ) {
    const { identity, limits, pace } = settings;
    const { clock, network, engine, onPromise } = edges;
    this.process = new SimulatedProcess(identity.server);
    this.bus = new MessageBus((error) => {
      throw error;
    });
    const serverClock = new ServerClock(clock, machine.clockFault, this.process);
    const { server } = identity;
    const transport = new SimulatedTransport(network, this.process, peerLineBytesMax(limits.lineBytesMax), (far) =>
      edges.tell({ kind: 'no-room', server, neighbour: far as ServerId }),
    );
    this.http = new SimulatedHttp(serverClock, machine.random.stream('upstream'), onPromise);
    const connecting = { network, host: this.process, clock: serverClock, beatMs: pace.beatMs, tell: edges.tell };
    this.bucket = engine && new SimulatedBucket({ engine, ...connecting, onPromise });
    this.server = new Server(settings, {
      registry: this.bus,
      clock: serverClock,
      random: machine.random.stream('actors'),
      transport,
      secrets: new SimulatedSecrets(machine.random.stream('secrets')),
      http: this.http,
      bucket: this.bucket,
    });
    watchBus(identity.server, this.bus, edges.tell);
    transport.listen(identity.server, this.server.acceptPeer);
    openClientDoor(network, { host: this.process, bus: this.bus, clock: serverClock });
  }

  /** Brings the actors to life, with what is on the disk. */
  start(): void {
    const { identity } = this.settings;
    const remembered = this.machine.disk.read();
    this.machine.disk.listen(this.bus);
    this.edges.tell({ kind: 'started', server: identity.server, remembered });
    this.server.startStore();
    this.bus.send(addresses.store, { kind: 'remembered', locations: remembered });
    this.server.start();
    this.server.announce();
  }

  /** Ends the process as SIGKILL does: nothing of it runs any more, and its system breaks its connections. */
  kill(): void {
    this.process.kill();
    this.machine.disk.processKilled();
    this.bucket?.processKilled();
    this.edges.network.resetAll(this.process);
  }

  setUpstream(state: UpstreamState): void {
    this.http.state = state;
  }

  holds(client: ClientId): Location | undefined {
    return askWhereIs(this.bus, client);
  }

  digest(): string {
    return askDigest(this.bus);
  }

  load(): ServerLoad {
    const { network } = this.edges;
    return { underWayBytes: network.underWayBytes(this.process), underWayAsked: this.bucket?.underWayAsked ?? 0 };
  }
}
