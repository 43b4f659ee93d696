import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../protocol/bytes.js';
import type { ServerId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';
import { formatCaughtUp, formatHello, formatPeerAt, parsePeerLine, type PeerLine } from '../protocol/peer-line.js';
import { dials } from '../protocol/topology.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import { helloTo, refusalOf, type PeerIdentity } from './greeting.js';
import { addresses, type LinkMessage } from './messages.js';
import { Outbox } from './outbox.js';
import { peerLinkMachine } from './peer-link-machine.js';
import type { Random } from './random.js';
import type { PeerWire, Transport } from './transport.js';
import { WireMailbox } from './wire-mailbox.js';

/** What a link needs of the world. */
export interface PeerLinkEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
}

/** The link to one neighbour: keeps a wire to it for ever, and passes locations both ways. */
export class PeerLink implements Actor<LinkMessage> {
  private readonly life: Machine<typeof peerLinkMachine>;
  private wire: PeerWire | undefined;
  private outbox: Outbox | undefined;

  constructor(
    private readonly bus: Bus,
    edges: PeerLinkEdges,
    private readonly identity: PeerIdentity,
    private readonly neighbour: ServerId,
  ) {
    const self = addresses.link(neighbour);
    const machine = peerLinkMachine.provide({
      actions: {
        dial: () => (this.wire = edges.transport.dial(neighbour, new WireMailbox(bus, self))),
        hangUp: () => this.hangUp(),
        openOutbox: () => this.openOutbox(),
        closeOutbox: () => (this.outbox = undefined),
        tell: ({ context }, { state }) => {
          const retryInMs = state === 'backoff' ? context.retryInMs : 0;
          bus.publish({ kind: 'link', neighbour, state, reason: context.reason, retryInMs });
        },
      },
    });
    this.life = createActor(machine, {
      clock: edges.clock,
      input: { dials: dials(identity.server, neighbour), random: edges.random },
    });
    this.life.subscribe({ error: (error) => bus.send(self, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  receive(message: LinkMessage): void {
    switch (message.kind) {
      case 'forward':
        // A neighbour that is away is told when it catches up.
        return this.outbox?.forward(message.location, message.line);
      case 'page':
        return this.outbox?.page(message.locations, message.last);
      case 'called':
        this.hangUp();
        this.wire = message.wire;
        this.greet();
        return this.life.send({ type: 'GREETED' });
      case 'machine-failed':
        throw message.error;
      case 'wire-opened':
        if (message.wire === this.wire) this.greet();
        return;
      case 'wire-lines':
        for (const line of message.lines) if (message.wire === this.wire) this.hear(line);
        return;
      case 'wire-drained':
        if (message.wire === this.wire) this.outbox?.drained();
        return;
      case 'wire-closed':
        if (message.wire === this.wire) this.lose(message.reason);
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.life.send({ type: 'STOP' });
    // A machine that broke does nothing any more, and a neighbour that is left on a dead wire would never call again.
    this.hangUp();
  }

  private hear(line: ByteString): void {
    this.bus.publish({ kind: 'line', direction: 'in', party: 'peer', far: this.neighbour, line });
    const said = parsePeerLine(line);
    if (this.outbox === undefined) this.hearGreeting(said);
    else if (said.kind === 'AT' && said.forwarder === this.neighbour) {
      this.bus.send(addresses.store, { kind: 'learned', location: said.location, from: this.neighbour });
    } else if (said.kind === 'CAUGHT-UP') this.life.send({ type: 'CAUGHT_UP' });
    else this.lose('the neighbour sent a line that is not of the protocol');
  }

  private hearGreeting(said: PeerLine): void {
    if (said.kind === 'REFUSED') return this.lose(`refused: ${said.reason}`);
    if (said.kind !== 'HELLO') return this.lose('the neighbour did not greet');
    const refusal = refusalOf(said, this.identity);
    if (refusal !== undefined) return this.lose(refusal);
    if (said.from !== this.neighbour) return this.lose(`called ${this.neighbour}, reached ${said.from}`);
    this.life.send({ type: 'GREETED' });
  }

  private greet(): void {
    this.send(formatHello(helloTo(this.neighbour, this.identity)));
  }

  private openOutbox(): void {
    const { bus, neighbour } = this;
    const hasRoom = () => this.wire?.hasRoom ?? false;
    this.outbox = new Outbox({
      get hasRoom() {
        return hasRoom();
      },
      sendLocation: (location: Location, line = formatPeerAt(location, this.identity.server)) => this.send(line),
      sendCaughtUp: () => this.send(formatCaughtUp()),
      wantPage: () => bus.send(addresses.store, { kind: 'next-page', neighbour }),
    });
    bus.send(addresses.store, { kind: 'catch-up', neighbour });
  }

  private send(line: ByteString): void {
    this.wire?.send(line);
    this.bus.publish({ kind: 'line', direction: 'out', party: 'peer', far: this.neighbour, line });
  }

  private lose(reason: string): void {
    this.hangUp();
    this.life.send({ type: 'LOST', reason });
  }

  private hangUp(): void {
    const wire = this.wire;
    this.wire = undefined;
    wire?.close();
  }
}
