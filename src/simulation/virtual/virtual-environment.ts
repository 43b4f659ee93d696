import { defaultUpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { SimulatedBroker } from '../broker/simulated-broker.js';
import { SimulatedNetwork } from '../network/simulated-network.js';
import type { Action, FaultAction, Scenario, ScenarioHerd } from '../scenario/scenario.js';
import { initialServers } from '../scenario/initial-servers.js';
import { brokerNodesIn, linksIn } from '../scenario/links-in.js';
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
  private readonly broker: SimulatedBroker | undefined;
  /** Servers that are stopping, and whether they are to start again when they have stopped. */
  private readonly leaving = new Map<ServerId, 'for good' | 'for a restart'>();
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
    const { herd } = scenario;
    this.faults = new NetworkFaults(this.network, linksIn(herd));
    const nodes = brokerNodesIn(herd);
    const { clock, network } = this;
    this.broker =
      nodes.length === 0
        ? undefined
        : new SimulatedBroker(nodes, { clock, network, random: this.random.stream('broker') });
    for (const [index, server] of [...herd.topology.keys()].entries()) {
      this.machines.set(server, {
        clockFault: new ClockFault(),
        disk: new SimulatedDisk(clock, this.broker !== undefined),
        random: this.random.stream(`server ${server}`),
        index,
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
    for (const server of initialServers(this.scenario)) this.startServer(server);
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
    return this.broker?.isUp(party) === true || this.servers.get(party)?.process.isPaused === false;
  }

  private applyFault(action: FaultAction): void {
    switch (action.kind) {
      case 'crash':
        for (const server of action.servers) this.crash(server);
        if (action.memory === 'lost') for (const server of action.servers) this.machines.get(server)?.disk.erase();
        return;
      case 'restart':
      case 'join':
        for (const server of action.servers) this.startServer(server);
        return;
      case 'pause':
        for (const server of action.servers) this.pause(server);
        return;
      case 'resume':
        for (const server of action.servers) this.resume(server);
        return;
      case 'leave':
        for (const server of action.servers) this.leave(server);
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
        for (const node of action.nodes) this.changeBroker(node, action.state);
        return;
      default:
        return this.faults.apply(action);
    }
  }

  private startServer(server: ServerId): void {
    const { topology, limits, linkTimings, name, replication } = this.scenario.herd;
    const machine = this.machines.get(server);
    if (this.leaving.has(server)) this.leaving.set(server, 'for a restart');
    if (machine === undefined || this.servers.has(server)) return;
    const neighbours = topology.get(server) ?? [];
    const identity = { herd: name, server, neighbours };
    // Each start draws from a new stream, whatever was drawn before it.
    const random = machine.random.stream(`start at ${this.nowMs()}`);
    const serverRun = new SimulatedServer(
      {
        identity,
        upstream: this.upstream,
        limits,
        linkTimings,
        upstreamSettings: defaultUpstreamSettings,
        ...(replication.kind === 'nats' ? { nats: { subjectName: name, replicas: replication.replicas } } : {}),
      },
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
    this.leaving.delete(server);
    run.kill();
    this.emit({ kind: 'down', server });
  }

  private leave(server: ServerId): void {
    const run = this.servers.get(server);
    if (run === undefined) return;
    const isLeaving = this.leaving.has(server);
    this.leaving.set(server, 'for good');
    if (!isLeaving) run.leave(() => this.left(server));
  }

  private left(server: ServerId): void {
    const next = this.leaving.get(server);
    this.leaving.delete(server);
    this.servers.delete(server);
    this.emit({ kind: 'left', server });
    this.emit({ kind: 'down', server });
    if (next === 'for a restart') this.startServer(server);
  }

  private changeBroker(node: ServerId, state: 'up' | 'down'): void {
    if (this.broker === undefined || this.broker.isUp(node) === (state === 'up')) return;
    if (state === 'up') this.broker.start(node);
    else this.broker.stop(node);
    this.emit({ kind: 'broker', node, state });
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
