import type { Clock } from '../../actors/ports/clock.js';
import type { PubSubHandler, PubSubSession } from '../../actors/ports/pub-sub.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { SimulationListener } from '../environment.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SocketHost } from '../network/socket.js';
import type { BrokerMessage } from './broker-message.js';
import type { BrokerClient, BrokerNode } from './broker-node.js';
import { ConnectionEnd } from './connection-end.js';
import type { SimulatedBroker } from './simulated-broker.js';

/** Maximum payload, as of nats-server. */
const maxPayloadBytes = 1_048_576;

/** Milliseconds within which a node must accept a connection, as with NATS. */
const connectTimeoutMs = 5_000;

/** Dependencies of sessions with the simulated broker. */
export interface SimulatedSessionDependencies {
  readonly broker: SimulatedBroker;
  readonly network: SimulatedNetwork;
  /** The connecting process. */
  readonly host: SocketHost;
  /** The clock of that process. */
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly emit: SimulationListener;
  /** Called when a promise was created or settled: its continuations run before time advances. */
  readonly onPromise: () => void;
}

/** A session with one node of the simulated broker, over the simulated network. */
export class SimulatedSession implements PubSubSession, BrokerClient {
  readonly maxPayloadBytes = maxPayloadBytes;
  /** Resolves when what was published has been sent, or the connection is lost. */
  readonly flushed: Promise<void>;
  readonly nodeEnd: ConnectionEnd;
  private state: 'opening' | 'open' | 'closed' = 'opening';
  private readonly end: ConnectionEnd;
  private readonly subscriptions = new Set<number>();
  private subscriptionCount = 0;
  private readonly connectTimer: unknown;
  private noteFlushed: () => void = () => undefined;

  constructor(
    private readonly dependencies: SimulatedSessionDependencies,
    private readonly node: BrokerNode,
    private readonly handler: PubSubHandler,
  ) {
    const { broker, network, host, clock, heartbeatMs } = dependencies;
    dependencies.onPromise();
    this.flushed = new Promise((resolve) => (this.noteFlushed = resolve));
    const onClosed = (reason: string): void => this.lost(reason);
    const own = { host, clock, pingMs: heartbeatMs, maxPendingBytes: Infinity, onClosed };
    const nodes = broker.endSettings(node, () => this.removedByNode());
    [this.end, this.nodeEnd] = ConnectionEnd.connect(network, own, nodes);
    this.connectTimer = clock.setTimeout(() => this.end.fail('no response from the broker in time'), connectTimeoutMs);
    this.end.send(`CONNECT ${host.name}\n`, () => this.accept());
  }

  /** Bytes published that the operating system has not accepted. */
  get bufferedBytes(): number {
    return Math.max(0, this.end.inFlightBytes - this.dependencies.network.bufferBytes);
  }

  get inFlightBytes(): number {
    return this.end.inFlightBytes;
  }

  publish(subject: string, payload: Uint8Array, replyTo = ''): void {
    if (this.state !== 'open') return;
    if (payload.length > maxPayloadBytes) {
      throw new Error(`a payload of ${payload.length} bytes exceeds the broker's maximum of ${maxPayloadBytes}`);
    }
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
    const message: BrokerMessage = { subject, payload: text, replyTo };
    this.emitLines(this.dependencies.host.name, this.node.name, text);
    this.end.send(`PUB ${headerOf(message)}\n${text}\n`, () => this.node.publish(message, this));
  }

  subscribe(subject: string, queue = ''): () => void {
    if (this.state !== 'open') return () => undefined;
    const id = (this.subscriptionCount += 1);
    this.subscriptions.add(id);
    const words = ['SUB', subject, queue, id].filter((word) => word !== '');
    this.end.send(`${words.join(' ')}\n`, () => this.node.subscribe(this, id, subject, queue));
    return () => {
      if (!this.subscriptions.delete(id)) return;
      this.end.send(`UNSUB ${id}\n`, () => this.node.unsubscribe(this, id));
    };
  }

  close(): void {
    if (this.state === 'closed') return;
    this.becomeClosed();
    this.end.close();
    if (!this.nodeEnd.isOpen) this.settleFlushed();
  }

  /** The process has ended, so its operating system closes the connection. */
  abandon(): void {
    this.becomeClosed();
    this.end.close();
    this.settleFlushed();
  }

  /** Runs at the node. */
  deliver(subscription: number, message: BrokerMessage): void {
    const { subject, payload, replyTo } = message;
    this.emitLines(this.node.name, this.dependencies.host.name, payload);
    this.nodeEnd.send(`MSG ${headerOf(message, subscription)}\n${payload}\n`, () => {
      if (this.state !== 'open' || !this.subscriptions.has(subscription)) return;
      this.handler.received(this, subject, Buffer.from(payload, 'latin1'), replyTo);
    });
  }

  /** Runs at the node. */
  unanswered(replyTo: string): void {
    this.nodeEnd.send(`HMSG ${replyTo} NATS/1.0 503\n`, () => {
      if (this.state === 'open') this.handler.unanswered(this, replyTo);
    });
  }

  /** Runs at the node when the request for a connection arrives. */
  private accept(): void {
    const { node, nodeEnd } = this;
    if (!node.isUp) return nodeEnd.reset('connection refused');
    node.connect(this);
    nodeEnd.startPinging();
    nodeEnd.send(`INFO ${node.name}\n`, () => this.opened());
  }

  private opened(): void {
    if (this.state !== 'opening') return;
    this.state = 'open';
    this.dependencies.clock.clearTimeout(this.connectTimer);
    this.end.startPinging();
    this.handler.opened(this);
  }

  private lost(reason: string): void {
    const wasClosed = this.state === 'closed';
    this.becomeClosed();
    this.settleFlushed();
    if (!wasClosed) this.handler.closed(this, reason);
  }

  /** Runs at the node when the connection is lost or was closed. */
  private removedByNode(): void {
    this.node.disconnect(this);
    if (this.state === 'closed') this.settleFlushed();
  }

  private becomeClosed(): void {
    this.state = 'closed';
    this.dependencies.clock.clearTimeout(this.connectTimer);
  }

  private settleFlushed(): void {
    this.dependencies.onPromise();
    this.noteFlushed();
  }

  private emitLines(from: string, to: string, payload: ByteString): void {
    for (const line of payload.split('\n')) {
      if (line === '') continue;
      this.dependencies.emit({ kind: 'line-sent', server: from as ServerId, neighbour: to as ServerId, line });
    }
  }
}

/** Formats what precedes a payload: `subject [id] [reply] bytes`. */
function headerOf({ subject, payload, replyTo }: BrokerMessage, id?: number): string {
  return [subject, id, replyTo, payload.length].filter((word) => word !== undefined && word !== '').join(' ');
}
