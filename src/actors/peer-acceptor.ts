import type { ByteString } from '../protocol/bytes.js';
import { formatRefused, parsePeerLine } from '../protocol/peer-line.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import { refusalOf, type PeerIdentity } from './greeting.js';
import { addresses, type AcceptorMessage } from './messages.js';
import type { PeerWire } from './transport.js';
import type { WireMailbox } from './wire-mailbox.js';

/** Callers that may be on the line without having said who they are. Neighbours are few: more are strangers. */
const callersMax = 64;

/** How long a caller may take to say who it is, in milliseconds. */
const helloWithinMs = 5_000;

/** Somebody on the line. */
interface Caller {
  readonly mailbox: WireMailbox;
  readonly timer: unknown;
}

/** Takes calls from other servers until it is known who calls; then the wire belongs to the link to that neighbour. */
export class PeerAcceptor implements Actor<AcceptorMessage> {
  private readonly callers = new Map<PeerWire, Caller>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
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
    if (this.callers.size >= callersMax) return this.refuse(wire, 'too many callers that have not said who they are');
    const timer = this.clock.setTimeout(() => this.refuse(wire, 'no hello in time'), helloWithinMs);
    this.callers.set(wire, { mailbox, timer });
  }

  private hear(wire: PeerWire, [line, ...rest]: readonly ByteString[]): void {
    const caller = this.callers.get(wire);
    if (caller === undefined || line === undefined) return;
    this.bus.publish({ kind: 'line', direction: 'in', party: 'peer', far: wire.far, line });
    const hello = parsePeerLine(line);
    if (hello.kind !== 'HELLO') return this.refuse(wire, 'the first line is not a hello');
    const refusal = refusalOf(hello, this.identity);
    if (refusal !== undefined) return this.refuse(wire, refusal);
    this.forget(wire);
    const link = addresses.link(hello.from);
    caller.mailbox.owner = link;
    this.bus.send(link, { kind: 'called', wire });
    if (rest.length > 0) this.bus.send(link, { kind: 'wire-lines', wire, lines: rest });
  }

  private refuse(wire: PeerWire, reason: string): void {
    this.forget(wire);
    const line = formatRefused(reason);
    wire.send(line);
    this.bus.publish({ kind: 'line', direction: 'out', party: 'peer', far: wire.far, line });
    this.bus.publish({ kind: 'peer-refused', far: wire.far, reason });
    wire.close();
  }

  private forget(wire: PeerWire): void {
    const caller = this.callers.get(wire);
    if (caller !== undefined) this.clock.clearTimeout(caller.timer);
    this.callers.delete(wire);
  }
}
