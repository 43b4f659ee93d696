import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { formatPeerLine, parsePeerLine } from '../../protocol/peer/peer-line.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { FairPlaces } from '../client/fair-places.js';
import { remoteAddressOf } from '../client/remote-address.js';
import { CalledHandshake, introductionOver, type HandshakeLine, type PeerIdentity } from './handshake.js';
import { addresses, type AcceptorMessage } from '../bus/messages.js';
import { logged } from './redact-peer-line.js';
import type { Secrets } from '../ports/secrets.js';
import { sendLater } from '../bus/send-later.js';
import type { PeerWire } from '../ports/transport.js';
import type { WireMailbox } from './wire-mailbox.js';

/**
 * Callers that may be on the line without having shown who they are. Neighbours are few, and need a moment: beyond it the oldest
 * caller of the address that has the most is refused.
 */
const callersMax = 64;

/** How long a caller may take to show who it is, in milliseconds. */
export const shakeHandsWithinMs = 5_000;

/**
 * How often within `contestedWithinMs` a call of a neighbour may replace a connection to it that is still open. A neighbour that was
 * restarted, or lost the connection without this side noticing, does so once; two servers of one name replace each other endlessly.
 */
const contestedMax = 3;
const contestedWithinMs = 60_000;

/** The last call of a neighbour that was accepted, and when its calls replaced an open connection. */
interface Accepted {
  readonly mailbox: WireMailbox;
  readonly far: string;
  readonly contestedAtMs: readonly number[];
}

/** Somebody on the line. */
interface Caller {
  readonly mailbox: WireMailbox;
  readonly handshake: CalledHandshake;
  readonly cancelTimer: () => void;
}

/** Takes calls from other servers until they have shown who they are; then the wire belongs to the link to that neighbour. */
export class PeerAcceptor implements Actor<AcceptorMessage> {
  private readonly callers = new Map<PeerWire, Caller>();
  private readonly accepted = new Map<ServerId, Accepted>();
  private readonly warnedAtMs = new Map<ServerId, number>();
  /** Wires that were given to their link, which has yet to take them. */
  private readonly handedOver = new Set<PeerWire>();
  private readonly places = new FairPlaces<PeerWire>(callersMax);

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly secrets: Secrets | undefined,
    private readonly identity: PeerIdentity,
  ) {}

  receive(message: AcceptorMessage): void {
    switch (message.kind) {
      case 'wire-accepted':
        return this.take(message.wire, message.mailbox);
      case 'wire-lines':
        return this.hear(message.wire, message.lines);
      case 'wire-closed':
        this.forget(message.wire);
        return;
      case 'handshake-due':
        if (this.callers.has(message.wire)) this.refuse(message.wire, 'no handshake in time');
        return;
      case 'handed-over':
        this.handedOver.delete(message.wire);
        return;
      case 'wire-opened':
      case 'wire-drained':
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const wire of [...this.callers.keys()]) {
      this.forget(wire);
      wire.close();
    }
    // Their links have been stopped before they took them.
    for (const wire of this.handedOver) wire.close();
    this.handedOver.clear();
  }

  private take(wire: PeerWire, mailbox: WireMailbox): void {
    const evicted = this.places.add(wire, remoteAddressOf(wire.far));
    if (evicted !== undefined) this.refuse(evicted, 'too many callers that have not shown who they are');
    const cancelTimer = sendLater(this, addresses.acceptor, { kind: 'handshake-due', wire }, shakeHandsWithinMs);
    const { identity, secrets } = this;
    const handshake = new CalledHandshake(introductionOver(wire, { identity, secrets }));
    this.callers.set(wire, { mailbox, handshake, cancelTimer });
  }

  private hear(wire: PeerWire, lines: readonly ByteString[]): void {
    for (const [index, line] of lines.entries()) {
      const caller = this.callers.get(wire);
      if (caller === undefined) return;
      const said = parsePeerLine(line);
      this.note('in', wire, logged(said, line));
      if (said.kind === 'HELLO' && wire.bears?.(said.from) === false) {
        return this.refuse(wire, `the certificate that ${said.from} shows does not bear its name`);
      }
      const step = caller.handshake.hear(said);
      const conflict = step.outcome === 'greeted' ? this.conflictOf(step.neighbour, wire, caller.mailbox) : undefined;
      if (conflict !== undefined) return this.refuse(wire, conflict);
      for (const answer of step.say) this.say(wire, answer);
      if (step.outcome === 'failed') this.drop(wire, step.reason);
      if (step.outcome !== 'greeted') continue;
      this.forget(wire);
      wire.authenticated?.();
      const link = addresses.link(step.neighbour);
      caller.mailbox.owner = link;
      this.bus.send(link, { kind: 'called', wire });
      this.handedOver.add(wire);
      this.bus.send(addresses.acceptor, { kind: 'handed-over', wire });
      // What came in the same turn is the link's to hear.
      const rest = lines.slice(index + 1);
      if (rest.length > 0) this.bus.send(link, { kind: 'wire-lines', wire, lines: rest });
    }
  }

  /**
   * Accepts the call of a neighbour that has shown who it is, unless calls of that name keep replacing open connections: then the
   * present connection stays, until it closes or gives no sign of life. Returns why the call is refused.
   */
  private conflictOf(neighbour: ServerId, { far }: PeerWire, mailbox: WireMailbox): string | undefined {
    const nowMs = this.clock.monotonicMs();
    const last = this.accepted.get(neighbour);
    const contestedAtMs = (last?.contestedAtMs ?? []).filter((atMs) => nowMs - atMs < contestedWithinMs);
    if (last?.mailbox.isOpen !== true) {
      this.accepted.set(neighbour, { mailbox, far, contestedAtMs });
      return undefined;
    }
    if (contestedAtMs.length < contestedMax) {
      this.accepted.set(neighbour, { mailbox, far, contestedAtMs: [...contestedAtMs, nowMs] });
      return undefined;
    }
    this.accepted.set(neighbour, { ...last, contestedAtMs });
    const reason = `${neighbour} is connected from ${last.far} and calls from ${far}: do two servers have this name?`;
    this.warn(neighbour, reason, nowMs);
    return reason;
  }

  private warn(neighbour: ServerId, reason: string, nowMs: number): void {
    if (nowMs - (this.warnedAtMs.get(neighbour) ?? -Infinity) < contestedWithinMs) return;
    this.warnedAtMs.set(neighbour, nowMs);
    this.bus.publish({ kind: 'warning', about: 'duplicate-server', reason });
  }

  private refuse(wire: PeerWire, reason: string): void {
    this.say(wire, { kind: 'REFUSED', reason });
    this.drop(wire, reason);
  }

  private drop(wire: PeerWire, reason: string): void {
    this.forget(wire);
    this.bus.publish({ kind: 'peer-refused', far: wire.far, reason });
    wire.close();
  }

  private say(wire: PeerWire, line: HandshakeLine): void {
    const text = formatPeerLine(line);
    wire.send(text);
    this.note('out', wire, logged(line, text));
  }

  private note(direction: 'in' | 'out', wire: PeerWire, line: ByteString): void {
    this.bus.publish({ kind: 'lines', direction, party: 'peer', far: wire.far, lines: [line] });
  }

  private forget(wire: PeerWire): void {
    this.callers.get(wire)?.cancelTimer();
    this.callers.delete(wire);
    this.places.delete(wire);
  }
}
