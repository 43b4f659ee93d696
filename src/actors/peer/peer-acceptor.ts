import type { ByteString } from '../../protocol/text/bytes.js';
import { Lines } from '../../protocol/text/lines.js';
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
 * Maximum incoming channels in the handshake. Neighbours are few and authenticate at once: beyond the limit, the oldest channel of the
 * host with the most is rejected.
 */
const maxPendingCallers = 64;

/**
 * How often within `replacementWindowMs` a new connection of a neighbour may replace one that is still open. A neighbour that was
 * restarted, or lost the connection unnoticed, does so once; two servers with the same name replace each other endlessly.
 */
const maxReplacements = 3;
const replacementWindowMs = 60_000;

/** The last accepted channel of a neighbour. */
interface AcceptedCall {
  readonly owner: ChannelOwner;
  readonly remoteAddress: string;
  /** When its channels replaced an open one, on the monotonic clock. */
  readonly replacedAtMs: readonly number[];
}

/** An incoming channel in the handshake. */
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

/** Owns incoming peer channels until their handshake is complete; then the link to the neighbour owns them. */
export class PeerAcceptor implements Actor<AcceptorMessage> {
  private readonly pendingCallers = new Map<PeerChannel, PendingCaller>();
  private readonly accepted = new Map<ServerId, AcceptedCall>();
  private readonly warnedAtMs = new Map<ServerId, number>();
  /** Channels handed over to a link that has not received them yet. */
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
        if (this.pendingCallers.has(message.channel)) this.reject(message.channel, 'handshake timeout');
        return;
      case 'handed-over':
        this.handedOver.delete(message.channel);
        return;
      case 'channel-opened':
      case 'channel-locations':
      case 'channel-drained':
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const channel of [...this.pendingCallers.keys()]) {
      this.removeCaller(channel);
      channel.close();
    }
    // Their links were stopped before they received them.
    for (const channel of this.handedOver) channel.close();
    this.handedOver.clear();
  }

  private acceptCall(channel: PeerChannel, owner: ChannelOwner): void {
    const evicted = this.connections.add(channel, remoteHostOf(channel.remoteAddress));
    if (evicted !== undefined) this.reject(evicted, 'too many unauthenticated connections');
    const cancelTimer = sendLater(this, addresses.acceptor, { kind: 'handshake-due', channel }, handshakeTimeoutMs);
    const { identity, secrets } = this;
    const handshake = new AcceptHandshake(handshakeContextFor(channel, { identity, secrets }));
    this.pendingCallers.set(channel, { owner, handshake, cancelTimer });
  }

  private receiveLines(channel: PeerChannel, lines: Lines): void {
    for (const [line, next] of lines.entries()) {
      const caller = this.pendingCallers.get(channel);
      if (caller === undefined) return;
      const parsed = parsePeerLine(line);
      this.recordLine('in', channel, redactPeerLine(parsed, line));
      if (parsed.kind === 'HELLO' && channel.certificateMatches?.(parsed.from) === false) {
        return this.reject(channel, `the certificate of ${parsed.from} does not contain its name`);
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
      // Lines received in the same turn belong to the link.
      if (next < lines.end) {
        this.bus.send(link, { kind: 'channel-lines', channel, lines: new Lines(lines.buffer, next, lines.end) });
      }
      return;
    }
  }

  /**
   * Accepts the channel of an authenticated neighbour, unless channels of that name keep replacing open ones: then the present channel
   * stays until it closes or its heartbeats time out. Returns why the channel is rejected; undefined if it is accepted.
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
    this.bus.publish({
      kind: 'lines',
      direction,
      party: 'peer',
      remoteAddress: channel.remoteAddress,
      lines: Lines.of(line),
    });
  }

  private removeCaller(channel: PeerChannel): void {
    this.pendingCallers.get(channel)?.cancelTimer();
    this.pendingCallers.delete(channel);
    this.connections.delete(channel);
  }
}
