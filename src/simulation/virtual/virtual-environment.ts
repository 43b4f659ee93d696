import { defaultUpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { BucketEngine } from '../broker/bucket-engine.js';
import { SimulatedNetwork } from '../network/simulated-network.js';
import type { Action, BrokerChange, FaultAction, Scenario, ScenarioHerd } from '../scenario/scenario.js';
import { broker, linksIn } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import { instantAt, VirtualClock } from '../time/virtual-clock.js';
import type { ServerLoad, Environment, SimulationListener } from '../environment.js';
import { NetworkFaults } from '../network/network-faults.js';
import { ClockFault } from './server-clock.js';
import { SharedLocations } from './shared-locations.js';
import { SimulatedClient } from './simulated-client.js';
import { SimulatedDisk } from './simulated-disk.js';
import type { UpstreamState } from './simulated-http.js';
import { SimulatedServer, type SimulatedMachine } from './simulated-server.js';

/**
 * An environment in one process with a virtual clock and a simulated network: no real time passes, and everything is
 * deterministic.
 */
export class VirtualEnvironment implements Environment {
  readonly name = 'virtual';
  readonly observationDelayMs = 0;
  readonly unchecked = [];
  private readonly clock = new VirtualClock();
  private readonly random: SeededRandom;
  private readonly network: SimulatedNetwork;
  private readonly faults: NetworkFaults;
  private readonly machines = new Map<ServerId, SimulatedMachine>();
  private readonly servers = new Map<ServerId, SimulatedServer>();
  private readonly clients = new Map<string, SimulatedClient>();
  private readonly locations = new SharedLocations();
  /** Undefined in a herd that floods. */
  private readonly broker: BucketEngine | undefined;
  private upstreamState: UpstreamState = 'up';
  /** Whether promise continuations may be pending. */
  private hasPendingPromises = false;

  /** @param upstream the production upstream that WHATSAT queries; its responses are simulated */
  constructor(
    private readonly scenario: Scenario,
    private readonly upstream: Upstream,
    private readonly emit: SimulationListener,
  ) {
    this.random = new SeededRandom(String(scenario.seed));
    this.network = new SimulatedNetwork(
      this.clock,
      this.random.stream('network'),
      scenario.network,
      (from, to, { sentMs, text }) => emit({ kind: 'delivered', from, to, sentMs, text }),
    );
    this.faults = new NetworkFaults(this.network, linksIn(scenario.herd));
    this.broker = scenario.herd.replication === 'nats' ? new BucketEngine(this.random.stream('broker')) : undefined;
    for (const server of scenario.herd.topology.keys()) {
      this.machines.set(server, {
        clockFault: new ClockFault(),
        disk: new SimulatedDisk(this.clock),
        random: this.random.stream(`server ${server}`),
      });
    }
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  unsupportedHerdReason(_herd: ScenarioHerd): string | undefined {
    return undefined;
  }

  unsupportedReason(_action: Action): string | undefined {
    return undefined;
  }

  start(): Promise<void> {
    for (const server of this.machines.keys()) this.startServer(server);
    this.network.turn.end();
    return Promise.resolve();
  }

  async advanceTo(ms: number): Promise<void> {
    while (this.clock.fireNext(ms)) {
      this.network.turn.end();
      if (this.hasPendingPromises) await this.runMicrotasks();
    }
  }

  async apply(action: FaultAction): Promise<void> {
    this.applyFault(action);
    this.network.turn.end();
    await this.runMicrotasks();
  }

  sendCommand(client: string, server: ServerId, line: ByteString): void {
    let simulatedClient = this.clients.get(client);
    if (simulatedClient === undefined) {
      simulatedClient = new SimulatedClient(client, this.network, this.emit);
      this.clients.set(client, simulatedClient);
    }
    simulatedClient.sendCommand(server, line);
    this.network.turn.end();
  }

  formatTimeField(offByMs: number): ByteString {
    const { seconds, nanoseconds } = instantAt(this.nowMs() + offByMs);
    return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  }

  canReach(one: ServerId, other: ServerId): boolean {
    const areRunning = this.isRunning(one) && this.isRunning(other);
    return areRunning && this.faults.isOpen(one, other) && this.faults.isOpen(other, one);
  }

  readLocation(server: ServerId, client: ClientId): Promise<Location | undefined> {
    return Promise.resolve(this.servers.get(server)?.readLocation(client));
  }

  readDigest(server: ServerId): Promise<string | undefined> {
    return Promise.resolve(this.servers.get(server)?.readDigest());
  }

  readLoad(server: ServerId): ServerLoad | undefined {
    return this.servers.get(server)?.readLoad();
  }

  stop(): Promise<void> {
    for (const server of [...this.servers.keys()]) this.crash(server);
    return Promise.resolve();
  }

  private isRunning(party: ServerId): boolean {
    if (party === broker && this.broker !== undefined) return this.broker.isWell;
    return this.servers.get(party)?.process.isPaused === false;
  }

  private applyFault(action: FaultAction): void {
    switch (action.kind) {
      case 'crash':
        for (const server of action.servers) this.crash(server);
        if (action.memory === 'lost') for (const server of action.servers) this.machines.get(server)?.disk.erase();
        return;
      case 'restart':
        for (const server of action.servers) this.startServer(server);
        return;
      case 'pause':
        for (const server of action.servers) this.pause(server);
        return;
      case 'resume':
        for (const server of action.servers) this.resume(server);
        return;
      case 'clock': {
        const fault = this.machines.get(action.server)?.clockFault;
        fault?.jump(action.jumpMs);
        if (action.drift !== undefined) fault?.drift(1 + action.drift, this.nowMs());
        return;
      }
      case 'upstream':
        this.upstreamState = action.state;
        for (const server of this.servers.values()) server.setUpstream(action.state);
        return;
      case 'broker':
        return this.changeBroker(action.change);
      default:
        return this.faults.apply(action);
    }
  }

  private startServer(server: ServerId): void {
    const { topology, limits, linkTimings, name } = this.scenario.herd;
    const machine = this.machines.get(server);
    if (machine === undefined || this.servers.has(server)) return;
    const neighbours = topology.get(server) ?? [];
    const identity = { herd: name, server, neighbours };
    // Each start draws from a new stream, whatever was drawn before it.
    const random = machine.random.stream(`start at ${this.nowMs()}`);
    const serverRun = new SimulatedServer(
      { identity, upstream: this.upstream, limits, linkTimings, upstreamSettings: defaultUpstreamSettings },
      { ...machine, random },
      {
        clock: this.clock,
        network: this.network,
        broker: this.broker,
        emit: this.emit,
        locations: this.locations,
        onPromise: () => (this.hasPendingPromises = true),
      },
    );
    serverRun.setUpstream(this.upstreamState);
    this.servers.set(server, serverRun);
    serverRun.start();
  }

  private crash(server: ServerId): void {
    const run = this.servers.get(server);
    if (run === undefined) return;
    this.servers.delete(server);
    run.kill();
    this.emit({ kind: 'down', server });
  }

  private changeBroker(change: BrokerChange): void {
    if (change !== 'wiped') return this.broker?.become(change);
    this.broker?.wipe();
    this.emit({ kind: 'wiped' });
  }

  private pause(server: ServerId): void {
    const run = this.servers.get(server);
    if (run === undefined || run.process.isPaused) return;
    run.process.pause();
    this.emit({ kind: 'paused', server });
  }

  private resume(server: ServerId): void {
    const run = this.servers.get(server);
    if (run?.process.isPaused !== true) return;
    this.emit({ kind: 'resumed', server });
    run.process.resume();
  }

  /** Runs everything that waits for a promise, before time advances, so that its order never depends on the machine. */
  private async runMicrotasks(): Promise<void> {
    while (this.hasPendingPromises) {
      this.hasPendingPromises = false;
      await new Promise((resolve) => setImmediate(resolve));
      this.network.turn.end();
    }
  }
}
