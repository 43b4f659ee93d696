import type { PubSubHandler, PubSubSession } from '../../src/actors/ports/pub-sub.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { SimulatedBroker } from '../../src/simulation/broker/simulated-broker.js';
import { SimulatedPubSub } from '../../src/simulation/broker/simulated-pub-sub.js';
import { NetworkFaults } from '../../src/simulation/network/network-faults.js';
import { SimulatedNetwork } from '../../src/simulation/network/simulated-network.js';
import { brokerNodesIn, linksIn } from '../../src/simulation/scenario/links-in.js';
import { SeededRandom } from '../../src/simulation/time/seeded-random.js';
import { VirtualClock } from '../../src/simulation/time/virtual-clock.js';
import { SimulatedProcess } from '../../src/simulation/virtual/simulated-process.js';

/** Heartbeat interval of the clients. */
export const heartbeatMs = 500;

/** Transit time of every message. */
export const transitMs = 10;

const quick = { delay: { minMs: transitMs, maxMs: transitMs }, loss: 0, duplicate: 0, bytesPerSecond: Infinity };

/** A client of the simulated broker, with all that was reported to it, as text. */
export class BrokerTestClient implements PubSubHandler {
  readonly reports: string[] = [];
  readonly payloads: Uint8Array[] = [];
  session: PubSubSession;

  constructor(
    readonly process: SimulatedProcess,
    readonly pubSub: SimulatedPubSub,
    private readonly network: SimulatedNetwork,
  ) {
    this.session = pubSub.open(this);
  }

  /** Opens another session, at the next node. */
  reopen(): void {
    this.session = this.pubSub.open(this);
  }

  kill(): void {
    this.process.kill();
    this.network.resetAll(this.process);
    this.pubSub.processEnded();
  }

  opened(): void {
    this.reports.push('opened');
  }

  received(_session: PubSubSession, subject: string, payload: Uint8Array, replyTo: string): void {
    this.payloads.push(payload);
    this.reports.push(`${subject}: ${Buffer.from(payload).toString('latin1')}${replyTo === '' ? '' : ` > ${replyTo}`}`);
  }

  unanswered(_session: PubSubSession, replyTo: string): void {
    this.reports.push(`unanswered ${replyTo}`);
  }

  closed(_session: PubSubSession, reason: string): void {
    this.reports.push(`closed: ${reason}`);
  }

  publish(subject: string, text: string, replyTo?: string): void {
    this.session.publish(subject, Buffer.from(text, 'latin1'), replyTo);
  }

  /** Returns the reports since the last call. */
  take(): string[] {
    return this.reports.splice(0);
  }
}

/** A simulated broker on a virtual clock, and its clients. */
export class BrokerWorld {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly broker: SimulatedBroker;
  readonly faults: NetworkFaults;
  /** Everything that arrived: `Blake>broker PING`. */
  readonly delivered: string[] = [];
  private readonly random: SeededRandom;

  constructor(brokers: number, servers: readonly string[], { seed = '1', bufferBytes = 131_072 } = {}) {
    this.random = new SeededRandom(seed);
    const conditions = { ...quick, bufferBytes };
    this.network = new SimulatedNetwork(this.clock, this.random.stream('network'), conditions, (from, to, { text }) =>
      this.delivered.push(`${from}>${to} ${text.trimEnd()}`),
    );
    const herd = {
      topology: new Map(servers.map((server) => [server as ServerId, []])),
      replication: { kind: 'nats', replicas: Infinity, brokers },
    } as const;
    this.faults = new NetworkFaults(this.network, linksIn(herd));
    const { network, clock, random } = this;
    this.broker = new SimulatedBroker(brokerNodesIn(herd), { network, clock, random });
  }

  /** Connects a client to a node. */
  connect(name: string, node = 0): BrokerTestClient {
    const process = new SimulatedProcess(name);
    const { network, clock, broker } = this;
    const nothing = (): void => undefined;
    const session = { broker, network, host: process, clock, heartbeatMs, emit: nothing, onPromise: nothing };
    return new BrokerTestClient(process, new SimulatedPubSub(session, node), network);
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms;
    while (this.clock.fireNext(untilMs)) this.network.turn.end();
  }

  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  cutOneWay(from: string, to: string): void {
    this.faults.apply({ kind: 'cut', edges: [{ from: from as ServerId, to: to as ServerId }] });
  }

  heal(): void {
    this.faults.apply({ kind: 'heal', what: 'all' });
  }
}
