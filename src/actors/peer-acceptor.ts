import type { ByteString } from '../protocol/bytes.js';
import { formatPeerLine, parsePeerLine } from '../protocol/peer-line.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import { CalledHandshake, introductionOver, type HandshakeLine, type PeerIdentity } from './handshake.js';
import { addresses, type AcceptorMessage } from './messages.js';
import { logged } from './peer-log.js';
import type { Secrets } from './secrets.js';
import type { PeerWire } from './transport.js';
import type { WireMailbox } from './wire-mailbox.js';

/**
 * Callers that may be on the line without having shown who they are. Neighbours are few, and need a moment: so of more, who has
 * taken longest is a stranger.
 */
const callersMax = 64;

/** How long a caller may take to show who it is, in milliseconds. */
export const shakeHandsWithinMs = 5_000;

/** Somebody on the line. */
interface Caller {
  readonly mailbox: WireMailbox;
  readonly handshake: CalledHandshake;
  readonly timer: unknown;
}

/** Takes calls from other servers until they have shown who they are; then the wire belongs to the link to that neighbour. */
export class PeerAcceptor implements Actor<AcceptorMessage> {
  private readonly callers = new Map<PeerWire, Caller>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
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
  }

  private take(wire: PeerWire, mailbox: WireMailbox): void {
    for (const longest of this.callers.keys()) {
      if (this.callers.size < callersMax) break;
      this.refuse(longest, 'too many callers that have not shown who they are');
    }
    const timer = this.clock.setTimeout(() => this.refuse(wire, 'no handshake in time'), shakeHandsWithinMs);
    const { identity, secrets } = this;
    const handshake = new CalledHandshake(introductionOver(wire, { identity, secrets }));
    this.callers.set(wire, { mailbox, handshake, timer });
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
      for (const answer of step.say) this.say(wire, answer);
      if (step.outcome === 'failed') this.drop(wire, step.reason);
      if (step.outcome !== 'greeted') continue;
      this.forget(wire);
      const link = addresses.link(step.neighbour);
      caller.mailbox.owner = link;
      this.bus.send(link, { kind: 'called', wire });
      // What came in the same turn is the link's to hear.
      const rest = lines.slice(index + 1);
      if (rest.length > 0) this.bus.send(link, { kind: 'wire-lines', wire, lines: rest });
    }
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
    const caller = this.callers.get(wire);
    if (caller !== undefined) this.clock.clearTimeout(caller.timer);
    this.callers.delete(wire);
  }
}
