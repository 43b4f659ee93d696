import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import {
  compared,
  formatPeerLine,
  goodbye,
  parsePeerLine,
  type PeerLine,
  type PeerNews,
} from '../../protocol/peer/peer-line.js';
import { millisecondsBetween } from '../../protocol/place/time.js';
import { dials } from '../../protocol/place/topology.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { Farewell } from './planned-shutdown.js';
import { CallerHandshake, introductionOver, type HandshakeLine, type PeerIdentity } from './handshake.js';
import type { LinkEvent, LinkState } from '../bus/events.js';
import type { Limits, LinkPace } from '../ports/limits.js';
import { addresses, type LinkMessage } from '../bus/messages.js';
import { PeerExchange } from './peer-session.js';
import { shakeHandsWithinMs } from './peer-acceptor.js';
import { peerLinkMachine, type PeerLinkEvent } from './peer-link-machine.js';
import { logged } from './redact-peer-line.js';
import type { Random } from '../ports/random.js';
import type { Secrets } from '../ports/secrets.js';
import { SpokenPeerLines } from './peer-line-recorder.js';
import type { PeerWire, Transport } from '../ports/transport.js';
import { WireMailbox } from './wire-mailbox.js';

/** What a link needs of the world. */
export interface PeerLinkEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  /** Undefined for a herd without a secret. */
  readonly secrets: Secrets | undefined;
}

/** What every link of a server goes by. */
export interface PeerLinkSettings {
  readonly identity: PeerIdentity;
  readonly pace: LinkPace;
  readonly limits: Pick<Limits, 'linkBacklogBytesMax'>;
}

const outOfPlace = 'the neighbour sent a line that has no place here';

/** Beats in which a neighbour may be silent before it is taken for dead. */
const silentBeatsMax = 3;

/** The link to one neighbour: keeps a wire to it for ever, and passes locations both ways. */
export class PeerLink implements Actor<LinkMessage> {
  private readonly life: Machine<typeof peerLinkMachine>;
  private wire: PeerWire | undefined;
  private handshake: CallerHandshake | undefined;
  /** There while the neighbour is connected. */
  private exchange: PeerExchange | undefined;
  private readonly farewell: Farewell;
  /** A link that comes up while the server stops says so at once. */
  private server: 'going on' | 'stopping' = 'going on';
  private silentBeats = 0;
  /** Whether this end dials; the other end only announces itself. */
  private readonly dials: boolean;
  /** When the neighbour was connected last, on the monotonic clock. */
  private connectedAtMs = 0;
  private readonly spoken: SpokenPeerLines;

  constructor(
    private readonly bus: Bus,
    private readonly edges: PeerLinkEdges,
    private readonly settings: PeerLinkSettings,
    private readonly neighbour: ServerId,
  ) {
    this.farewell = new Farewell(neighbour);
    this.spoken = new SpokenPeerLines(bus, neighbour);
    const self = addresses.link(neighbour);
    const { clock, random } = edges;
    const { identity, pace } = settings;
    const machine = peerLinkMachine.provide({
      actions: {
        dial: () => this.dial(),
        hangUp: () => this.hangUp(),
        beat: () => this.beat(),
        repair: () => bus.send(addresses.store, { kind: 'describe', neighbour, anew: false }),
        beginExchange: () => this.beginExchange(),
        endExchange: ({ event }) => this.endExchange(event.type),
        tell: ({ context }, { state }) => {
          bus.publish({ kind: 'link', neighbour, state, reason: context.reason, ...this.detailsOf(state, context) });
        },
      },
    });
    this.dials = dials(identity.server, neighbour);
    const input = { dials: this.dials, clock, random, pace };
    this.life = createActor(machine, { clock, input });
    this.life.subscribe({ error: (error) => bus.send(self, { kind: 'machine-failed', error }) });
    // Of the link in whose place the supervisor started this one, after a failure.
    this.loseClock();
    this.life.start();
  }

  receive(message: LinkMessage): void {
    switch (message.kind) {
      case 'forward':
        // A neighbour that is away is told when it catches up.
        this.exchange?.forward(message.locations, message.lines);
        return this.spoken.tell();
      case 'page':
        this.exchange?.page(message.locations, message.last);
        return this.spoken.tell();
      case 'digest':
        return this.tell({ kind: 'DIGEST', groups: message.groups, horizon: message.horizon });
      case 'compared':
        for (const { group, buckets } of message.told) this.tell({ kind: 'BUCKETS', group, buckets });
        return this.tell(compared);
      case 'announce':
        if (!this.dials && this.wire === undefined) this.dial();
        return;
      case 'page-due':
        return this.exchange?.pageDue();
      case 'compare-due':
        return this.exchange?.compareDue();
      case 'called':
        if (this.dials) return this.announced(message.wire);
        this.hangUp();
        this.wire = message.wire;
        return this.greeted();
      case 'say':
        return this.tell(message.line);
      case 'say-goodbye':
        this.server = 'stopping';
        return this.sayGoodbye();
      case 'machine-failed':
        throw message.error;
      case 'wire-opened':
        if (message.wire === this.wire) this.greet(message.wire);
        return;
      case 'wire-lines':
        return this.hear(message.wire, message.lines);
      case 'wire-drained':
        if (message.wire === this.wire) this.exchange?.drained();
        return this.spoken.tell();
      case 'wire-closed':
        if (message.wire === this.wire) this.loseWire(message.reason);
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

  private hear(wire: PeerWire, lines: readonly ByteString[]): void {
    if (wire !== this.wire) return;
    this.silentBeats = 0;
    let from = 0;
    while (from < lines.length && wire === this.wire) from = this.hearSome(lines, from);
  }

  /** Hears lines up to the first that is no location, and that one. Returns where the others start. */
  private hearSome(lines: readonly ByteString[], from: number): number {
    const locations: Location[] = [];
    const heard: ByteString[] = [];
    for (let index = from; index < lines.length; index += 1) {
      const line = lines[index] ?? '';
      const said = parsePeerLine(line);
      heard.push(logged(said, line));
      if (said.kind === 'AT' && said.forwarder === this.neighbour && this.exchange !== undefined) {
        locations.push(said.location);
        continue;
      }
      this.takeIn(heard, locations);
      if (this.exchange === undefined) this.hearGreeting(said);
      else this.hearNews(said, this.exchange);
      return index + 1;
    }
    this.takeIn(heard, locations);
    return lines.length;
  }

  private takeIn(lines: readonly ByteString[], locations: readonly Location[]): void {
    this.spoken.heard(lines);
    if (locations.length === 0) return;
    this.bus.send(addresses.store, { kind: 'learned', locations, from: this.neighbour });
  }

  private hearGreeting(said: PeerLine): void {
    const step = this.handshake?.hear(said);
    if (step === undefined) return;
    for (const line of step.say) this.say(line);
    // At the end that does not dial, the announcement has been heard, and that was its purpose ([PE29]).
    if (step.outcome === 'greeted' && !this.dials) this.hangUp();
    else if (step.outcome === 'greeted') this.greeted();
    else if (step.outcome === 'failed') this.lose(step.reason);
  }

  private hearNews(said: PeerLine, exchange: PeerExchange): void {
    switch (said.kind) {
      case 'AT':
        return this.lose('the neighbour passed a location on in the name of another');
      case 'DIGEST':
      case 'BUCKETS':
      case 'SEEK':
      case 'UNKNOWN':
        return exchange.hear(said);
      case 'COMPARED':
        return exchange.compared();
      case 'CAUGHT-UP':
        return this.life.send({ type: 'CAUGHT_UP' });
      case 'BEAT': {
        const offsetMs = millisecondsBetween(this.edges.clock.now(), said.clock);
        return this.bus.send(addresses.clocks, { kind: 'clock-heard', neighbour: this.neighbour, offsetMs });
      }
      case 'GOODBYE':
        return this.farewell.heard();
      case 'HELLO':
      case 'PROOF':
      case 'REFUSED':
      case 'invalid':
        return this.lose(outOfPlace);
      default:
        said satisfies never;
    }
  }

  private dial(): void {
    const { bus, edges, neighbour } = this;
    this.wire = edges.transport.dial(neighbour, new WireMailbox(bus, addresses.link(neighbour)));
  }

  /** The neighbour has announced itself ([PE29]) over a wire that has no other purpose. */
  private announced(wire: PeerWire): void {
    wire.close();
    const isCallAnswered = this.handshake !== undefined;
    // A call that was made before the announcement was heard has reached the same run of the neighbour.
    const isJustConnected =
      this.exchange !== undefined && this.edges.clock.monotonicMs() - this.connectedAtMs <= shakeHandsWithinMs;
    if (!isCallAnswered && !isJustConnected) this.life.send({ type: 'ANNOUNCED' });
  }

  private greet(wire: PeerWire): void {
    const { identity } = this.settings;
    const { secrets } = this.edges;
    this.farewell.over();
    this.handshake = new CallerHandshake(introductionOver(wire, { identity, secrets }), this.neighbour);
    for (const line of this.handshake.begin()) this.say(line);
  }

  private greeted(): void {
    this.farewell.over();
    this.life.send({ type: 'GREETED' });
  }

  /** What people are told of a state, besides why. */
  private detailsOf(
    state: LinkState,
    { retryInMs, reason }: { readonly retryInMs: number; readonly reason: string },
  ): Pick<LinkEvent, 'retryInMs' | 'expected'> {
    const isConnected = state === 'catching-up' || state === 'live';
    return {
      retryInMs: state === 'backoff' ? retryInMs : 0,
      ...(!isConnected && this.farewell.explains(reason) && { expected: true as const }),
    };
  }

  private beat(): void {
    this.silentBeats += 1;
    if (this.silentBeats >= silentBeatsMax) return this.lose('the neighbour gives no sign of life');
    this.sayBeat();
  }

  private sayBeat(): void {
    this.say({ kind: 'BEAT', clock: this.edges.clock.now() });
  }

  private beginExchange(): void {
    const { bus, edges, neighbour } = this;
    const hasRoom = () => this.wire?.hasRoom ?? false;
    this.handshake = undefined;
    this.connectedAtMs = edges.clock.monotonicMs();
    this.silentBeats = 0;
    const { identity, limits } = this.settings;
    const ends = { self: identity.server, neighbour };
    this.exchange = new PeerExchange(bus, edges.clock, ends, limits, {
      get hasRoom() {
        return hasRoom();
      },
      sendLocation: (line) => this.send(line),
      say: (line) => this.say(line),
    });
    // At once, so that a clock that is wrong is known before the link is live.
    this.sayBeat();
    if (this.server === 'stopping') this.sayGoodbye();
  }

  private endExchange(cause: PeerLinkEvent['type']): void {
    this.exchange?.close();
    this.exchange = undefined;
    // Links stop one after the other: the clocks of those that are left would be no reason to distrust the own one.
    if (cause !== 'STOP') this.loseClock();
  }

  private loseClock(): void {
    this.bus.send(addresses.clocks, { kind: 'clock-lost', neighbour: this.neighbour });
  }

  private sayGoodbye(): void {
    this.tell(goodbye);
  }

  /** Says something that only a connected neighbour is told. */
  private tell(line: PeerNews): void {
    if (this.exchange !== undefined) this.say(line);
    else if (line.kind === 'SEEK') {
      // Who is away does not know; the search need not wait for it.
      this.bus.send(addresses.seeker, { kind: 'unknown-heard', from: this.neighbour, id: line.id });
    }
  }

  private say(line: HandshakeLine | PeerNews): void {
    const text = formatPeerLine(line);
    this.wire?.send(text);
    this.spoken.say(logged(line, text));
    this.spoken.tell();
  }

  private send(line: ByteString): void {
    this.wire?.send(line);
    this.spoken.say(line);
  }

  private loseWire(reason: string): void {
    const why = this.farewell.reasonFor(reason, this.exchange === undefined ? 'call' : 'connection');
    this.hangUp();
    this.life.send({ type: 'LOST', reason: why });
  }

  private lose(reason: string): void {
    this.farewell.over();
    this.hangUp();
    this.life.send({ type: 'LOST', reason });
  }

  private hangUp(): void {
    const wire = this.wire;
    this.wire = undefined;
    this.handshake = undefined;
    wire?.close();
  }
}
