import { defaultUpstreamPace } from '../../actors/upstream/upstream-settings.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { BucketEngine } from '../broker/bucket-engine.js';
import { SimulatedNetwork } from '../network/simulated-network.js';
import type { Action, EngineChange, FaultAction, Scenario, ScenarioHerd } from '../scenario/scenario.js';
import { engine, waysOf } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import { instantAt, VirtualClock } from '../time/virtual-clock.js';
import type { ServerLoad, World, WorldListener } from '../environment.js';
import { NetworkFaults } from '../network/network-faults.js';
import { ClockFault } from './server-clock.js';
import { SimulatedClient } from './simulated-client.js';
import { SimulatedDisk } from './simulated-disk.js';
import type { UpstreamState } from './simulated-http.js';
import { SimulatedServer, type SimulatedMachine } from './simulated-server.js';

/** One process, a clock of its own, and a network that is simulated: no real time passes, and nothing is left to chance. */
export class VirtualWorld implements World {
  readonly name = 'virtual';
  readonly slackMs = 0;
  readonly unseen = [];
  private readonly clock = new VirtualClock();
  private readonly random: SeededRandom;
  private readonly network: SimulatedNetwork;
  private readonly faults: NetworkFaults;
  private readonly machines = new Map<ServerId, SimulatedMachine>();
  private readonly servers = new Map<ServerId, SimulatedServer>();
  private readonly clients = new Map<string, SimulatedClient>();
  /** Undefined in a herd that floods. */
  private readonly engine: BucketEngine | undefined;
  private upstreamState: UpstreamState = 'up';
  /** Whether promises may be waiting to be noticed. */
  private promises: 'noticed' | 'waiting' = 'noticed';

  /**
   * @param upstream what WHATSAT asks, in production's own words; its answers are simulated
   */
  constructor(
    private readonly scenario: Scenario,
    private readonly upstream: Upstream,
    private readonly tell: WorldListener,
  ) {
    this.random = new SeededRandom(String(scenario.seed));
    this.network = new SimulatedNetwork(
      this.clock,
      this.random.stream('network'),
      scenario.network,
      (from, to, { sentMs, text }) => tell({ kind: 'carried', from, to, sentMs, text }),
    );
    this.faults = new NetworkFaults(this.network, waysOf(scenario.herd));
    this.engine = scenario.herd.spread === 'nats' ? new BucketEngine(this.random.stream('engine')) : undefined;
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

  refusalOfHerd(_herd: ScenarioHerd): string | undefined {
    return undefined;
  }

  refusal(_action: Action): string | undefined {
    return undefined;
  }

  start(): Promise<void> {
    for (const server of this.machines.keys()) this.startServer(server);
    this.network.turn.end();
    return Promise.resolve();
  }

  async passUntil(ms: number): Promise<void> {
    while (this.clock.fireNext(ms) === 'fired') {
      this.network.turn.end();
      if (this.promises === 'waiting') await this.notePromises();
    }
  }

  async apply(action: FaultAction): Promise<void> {
    this.carryOut(action);
    this.network.turn.end();
    await this.notePromises();
  }

  command(client: string, server: ServerId, line: ByteString): void {
    let phone = this.clients.get(client);
    if (phone === undefined) {
      phone = new SimulatedClient(client, this.network, this.tell);
      this.clients.set(client, phone);
    }
    phone.command(server, line);
    this.network.turn.end();
  }

  timeField(offByMs: number): ByteString {
    const { seconds, nanoseconds } = instantAt(this.nowMs() + offByMs);
    return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  }

  reaches(one: ServerId, other: ServerId): boolean {
    const areRunning = this.runs(one) && this.runs(other);
    return areRunning && this.faults.isOpen(one, other) && this.faults.isOpen(other, one);
  }

  holds(server: ServerId, client: ClientId): Promise<Location | undefined> {
    return Promise.resolve(this.servers.get(server)?.holds(client));
  }

  digest(server: ServerId): Promise<string | undefined> {
    return Promise.resolve(this.servers.get(server)?.digest());
  }

  load(server: ServerId): ServerLoad | undefined {
    return this.servers.get(server)?.load();
  }

  stop(): Promise<void> {
    for (const server of [...this.servers.keys()]) this.crash(server);
    return Promise.resolve();
  }

  private runs(party: ServerId): boolean {
    if (party === engine && this.engine !== undefined) return this.engine.isWell;
    return this.servers.get(party)?.process.isPaused === false;
  }

  private carryOut(action: FaultAction): void {
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
      case 'engine':
        return this.changeEngine(action.change);
      default:
        return this.faults.apply(action);
    }
  }

  private startServer(server: ServerId): void {
    const { topology, limits, pace, name } = this.scenario.herd;
    const machine = this.machines.get(server);
    if (machine === undefined || this.servers.has(server)) return;
    const neighbours = topology.get(server) ?? [];
    const identity = { herd: name, server, neighbours };
    // A start draws anew, and the same however much was drawn before it.
    const random = machine.random.stream(`start at ${this.nowMs()}`);
    const run = new SimulatedServer(
      { identity, upstream: this.upstream, limits, pace, upstreamPace: defaultUpstreamPace },
      { ...machine, random },
      {
        clock: this.clock,
        network: this.network,
        engine: this.engine,
        tell: this.tell,
        onPromise: () => (this.promises = 'waiting'),
      },
    );
    run.setUpstream(this.upstreamState);
    this.servers.set(server, run);
    run.start();
  }

  private crash(server: ServerId): void {
    const run = this.servers.get(server);
    if (run === undefined) return;
    this.servers.delete(server);
    run.kill();
    this.tell({ kind: 'down', server });
  }

  private changeEngine(change: EngineChange): void {
    if (change !== 'wiped') return this.engine?.become(change);
    this.engine?.wipe();
    this.tell({ kind: 'wiped' });
  }

  private pause(server: ServerId): void {
    const run = this.servers.get(server);
    if (run === undefined || run.process.isPaused) return;
    run.process.pause();
    this.tell({ kind: 'paused', server });
  }

  private resume(server: ServerId): void {
    const run = this.servers.get(server);
    if (run?.process.isPaused !== true) return;
    this.tell({ kind: 'resumed', server });
    run.process.resume();
  }

  /** Lets everything run that waits for a promise, before time goes on: so its order never depends on the machine. */
  private async notePromises(): Promise<void> {
    while (this.promises === 'waiting') {
      this.promises = 'noticed';
      await new Promise((resolve) => setImmediate(resolve));
      this.network.turn.end();
    }
  }
}
