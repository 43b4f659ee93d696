import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { formatPeerLine, parsePeerLine } from '../../protocol/peer/peer-line.js';
import {
  handshakeTimeoutMs,
  AcceptHandshake,
  handshakeContextFor,
  type HandshakeLine,
  type PeerIdentity,
  type Secrets,
} from '../../protocol/peer/handshake.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { FairConnectionSet } from '../client/fair-connection-set.js';
import { remoteHostOf } from '../client/remote-host.js';
import { addresses } from '../addresses.js';
import type { AcceptorMessage, ChannelOwner } from './messages.js';
import { redactPeerLine } from '../../protocol/peer/redact-peer-line.js';
import { sendLater } from '../bus/send-later.js';
import type { PeerChannel, PeerChannelHandler } from '../ports/transport.js';

/**
 * Callers that may be on the line without having shown who they are. Neighbours are few, and need a moment: beyond it the oldest
 * caller of the address that has the most is refused.
 */
const maxPendingCallers = 64;

/**
 * How often within `replacementWindowMs` a call of a neighbour may replace a connection to it that is still open. A neighbour that was
 * restarted, or lost the connection without this side noticing, does so once; two servers of one name replace each other endlessly.
 */
const maxReplacements = 3;
const replacementWindowMs = 60_000;

/** The last call of a neighbour that was accepted, and when its calls replaced an open connection. */
interface AcceptedCall {
  readonly owner: ChannelOwner;
  readonly remoteAddress: string;
  readonly replacedAtMs: readonly number[];
}

/** Somebody on the line. */
interface PendingCaller {
  readonly owner: ChannelOwner;
  readonly handshake: AcceptHandshake;
  readonly cancelTimer: () => void;
}

/** Hands an incoming channel to the acceptor. Returns the handler of its reports, which are sent to its present owner. */
export function acceptChannel(bus: Bus, channel: PeerChannel): PeerChannelHandler {
  const owner: ChannelOwner = { address: addresses.acceptor, isChannelOpen: true };
  bus.send(addresses.acceptor, { kind: 'channel-accepted', channel, owner });
  return (message) => {
    if (message.kind === 'channel-closed') owner.isChannelOpen = false;
    bus.send(owner.address, message);
  };
}

/** Takes calls from other servers until they have shown who they are; then the wire belongs to the link to that neighbour. */
export class PeerAcceptor implements Actor<AcceptorMessage> {
  private readonly pendingCallers = new Map<PeerChannel, PendingCaller>();
  private readonly accepted = new Map<ServerId, AcceptedCall>();
  private readonly warnedAtMs = new Map<ServerId, number>();
  /** Wires that were given to their link, which has yet to take them. */
  private readonly handedOver = new Set<PeerChannel>();
  private readonly connections = new FairConnectionSet<PeerChannel>(maxPendingCallers);

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly secrets: Secrets | undefined,
    private readonly identity: PeerIdentity,
  ) {}

  receive(message: AcceptorMessage): void {
    switch (message.kind) {
      case 'channel-accepted':
        return this.acceptCall(message.channel, message.owner);
      case 'channel-lines':
        return this.receiveLines(message.channel, message.lines);
      case 'channel-closed':
        this.removeCaller(message.channel);
        return;
      case 'handshake-due':
        if (this.pendingCallers.has(message.channel)) this.reject(message.channel, 'no handshake in time');
        return;
      case 'handed-over':
        this.handedOver.delete(message.channel);
        return;
      case 'channel-opened':
      case 'channel-drained':
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const wire of [...this.pendingCallers.keys()]) {
      this.removeCaller(wire);
      wire.close();
    }
    // Their links have been stopped before they took them.
    for (const wire of this.handedOver) wire.close();
    this.handedOver.clear();
  }

  private acceptCall(channel: PeerChannel, owner: ChannelOwner): void {
    const evicted = this.connections.add(channel, remoteHostOf(channel.remoteAddress));
    if (evicted !== undefined) this.reject(evicted, 'too many callers that have not shown who they are');
    const cancelTimer = sendLater(this, addresses.acceptor, { kind: 'handshake-due', channel }, handshakeTimeoutMs);
    const { identity, secrets } = this;
    const handshake = new AcceptHandshake(handshakeContextFor(channel, { identity, secrets }));
    this.pendingCallers.set(channel, { owner, handshake, cancelTimer });
  }

  private receiveLines(channel: PeerChannel, lines: readonly ByteString[]): void {
    for (const [index, line] of lines.entries()) {
      const caller = this.pendingCallers.get(channel);
      if (caller === undefined) return;
      const parsed = parsePeerLine(line);
      this.recordLine('in', channel, redactPeerLine(parsed, line));
      if (parsed.kind === 'HELLO' && channel.certificateMatches?.(parsed.from) === false) {
        return this.reject(channel, `the certificate that ${parsed.from} shows does not bear its name`);
      }
      const step = caller.handshake.receive(parsed);
      const conflict =
        step.outcome === 'completed' ? this.checkConflict(step.neighbour, channel, caller.owner) : undefined;
      if (conflict !== undefined) return this.reject(channel, conflict);
      for (const reply of step.replies) this.send(channel, reply);
      if (step.outcome === 'failed') this.disconnect(channel, step.reason);
      if (step.outcome !== 'completed') continue;
      this.removeCaller(channel);
      channel.markAuthenticated?.();
      const link = addresses.link(step.neighbour);
      caller.owner.address = link;
      this.bus.send(link, { kind: 'peer-accepted', channel });
      this.handedOver.add(channel);
      this.bus.send(addresses.acceptor, { kind: 'handed-over', channel });
      // What came in the same turn is the link's to hear.
      const rest = lines.slice(index + 1);
      if (rest.length > 0) this.bus.send(link, { kind: 'channel-lines', channel, lines: rest });
    }
  }

  /**
   * Accepts the call of a neighbour that has shown who it is, unless calls of that name keep replacing open connections: then the
   * present connection stays, until it closes or gives no sign of life. Returns why the call is refused.
   */
  private checkConflict(neighbour: ServerId, { remoteAddress }: PeerChannel, owner: ChannelOwner): string | undefined {
    const nowMs = this.clock.monotonicMs();
    const last = this.accepted.get(neighbour);
    const replacedAtMs = (last?.replacedAtMs ?? []).filter((atMs) => nowMs - atMs < replacementWindowMs);
    if (last?.owner.isChannelOpen !== true) {
      this.accepted.set(neighbour, { owner, remoteAddress, replacedAtMs });
      return undefined;
    }
    if (replacedAtMs.length < maxReplacements) {
      this.accepted.set(neighbour, { owner, remoteAddress, replacedAtMs: [...replacedAtMs, nowMs] });
      return undefined;
    }
    this.accepted.set(neighbour, { ...last, replacedAtMs });
    const reason = `${neighbour} is connected from ${last.remoteAddress} and calls from ${remoteAddress}: do two servers have this name?`;
    this.warn(neighbour, reason, nowMs);
    return reason;
  }

  private warn(neighbour: ServerId, reason: string, nowMs: number): void {
    if (nowMs - (this.warnedAtMs.get(neighbour) ?? -Infinity) < replacementWindowMs) return;
    this.warnedAtMs.set(neighbour, nowMs);
    this.bus.publish({ kind: 'warning', about: 'duplicate-server', reason });
  }

  private reject(channel: PeerChannel, reason: string): void {
    this.send(channel, { kind: 'REFUSED', reason });
    this.disconnect(channel, reason);
  }

  private disconnect(channel: PeerChannel, reason: string): void {
    this.removeCaller(channel);
    this.bus.publish({ kind: 'peer-rejected', remoteAddress: channel.remoteAddress, reason });
    channel.close();
  }

  private send(channel: PeerChannel, line: HandshakeLine): void {
    const text = formatPeerLine(line);
    channel.send(text);
    this.recordLine('out', channel, redactPeerLine(line, text));
  }

  private recordLine(direction: 'in' | 'out', channel: PeerChannel, line: ByteString): void {
    this.bus.publish({ kind: 'lines', direction, party: 'peer', remoteAddress: channel.remoteAddress, lines: [line] });
  }

  private removeCaller(channel: PeerChannel): void {
    this.pendingCallers.get(channel)?.cancelTimer();
    this.pendingCallers.delete(channel);
    this.connections.delete(channel);
  }
}
