import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../protocol/bytes.js';
import type { ServerId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';
import {
  beat,
  caughtUp,
  compared,
  formatPeerAt,
  formatPeerLine,
  goodbye,
  parsePeerLine,
  type DigestLine,
  type PeerLine,
  type PeerNews,
} from '../protocol/peer-line.js';
import { goodbyeSince } from '../protocol/peer-version.js';
import { dials } from '../protocol/topology.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import { Farewell } from './farewell.js';
import { CallerHandshake, introductionOver, type HandshakeLine, type PeerIdentity } from './handshake.js';
import type { LinkEvent, LinkState } from './events.js';
import type { LinkPace } from './limits.js';
import { addresses, type LinkMessage } from './messages.js';
import { Outbox } from './outbox.js';
import { peerLinkMachine } from './peer-link-machine.js';
import { logged } from './peer-log.js';
import type { Random } from './random.js';
import type { Secrets } from './secrets.js';
import type { PeerWire, Transport } from './transport.js';
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
}

const outOfPlace = 'the neighbour sent a line that has no place here';

/** Beats in which a neighbour may be silent before it is taken for dead. */
const silentBeatsMax = 3;

/**
 * Pause between two pages of a catch-up, in milliseconds: about as long as a page takes both sides. Without it, clients of
 * both would wait behind page after page.
 */
const pagePauseMs = 2;

/** The link to one neighbour: keeps a wire to it for ever, and passes locations both ways. */
export class PeerLink implements Actor<LinkMessage> {
  private readonly life: Machine<typeof peerLinkMachine>;
  private wire: PeerWire | undefined;
  private handshake: CallerHandshake | undefined;
  private outbox: Outbox | undefined;
  /** The version that was agreed on with the neighbour the last time that it was connected. */
  private version = 0;
  private readonly farewell: Farewell;
  /** A link that comes up while the server stops says so at once. */
  private server: 'going on' | 'stopping' = 'going on';
  private silentBeats = 0;
  private pageTimer: unknown;
  /** The newest digest of the neighbour that came while its wire had no room. */
  private unanswered: DigestLine | undefined;
  /** Lines that were sent to the neighbour, and not told of yet. */
  private said: ByteString[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly edges: PeerLinkEdges,
    private readonly settings: PeerLinkSettings,
    private readonly neighbour: ServerId,
  ) {
    this.farewell = new Farewell(neighbour);
    const self = addresses.link(neighbour);
    const { clock, random, transport } = edges;
    const { identity, pace } = settings;
    const machine = peerLinkMachine.provide({
      actions: {
        dial: () => (this.wire = transport.dial(neighbour, new WireMailbox(bus, self))),
        hangUp: () => this.hangUp(),
        beat: () => this.beat(),
        repair: () => bus.send(addresses.store, { kind: 'describe', neighbour, anew: false }),
        openOutbox: () => this.openOutbox(),
        closeOutbox: () => this.closeOutbox(),
        tell: ({ context }, { state }) => {
          bus.publish({ kind: 'link', neighbour, state, reason: context.reason, ...this.detailsOf(state, context) });
        },
      },
    });
    const input = { dials: dials(identity.server, neighbour), clock, random, pace };
    this.life = createActor(machine, { clock, input });
    this.life.subscribe({ error: (error) => bus.send(self, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  receive(message: LinkMessage): void {
    switch (message.kind) {
      case 'forward':
        // A neighbour that is away is told when it catches up.
        this.noteConflated(this.outbox?.forward(message.locations, message.lines) ?? 0);
        return this.publishSaid();
      case 'page':
        this.outbox?.page(message.locations, message.last);
        return this.publishSaid();
      case 'digest':
        return this.tell({ kind: 'DIGEST', groups: message.groups, horizon: message.horizon });
      case 'compared':
        for (const { group, buckets } of message.told) this.tell({ kind: 'BUCKETS', group, buckets });
        return this.tell(compared);
      case 'called':
        this.hangUp();
        this.wire = message.wire;
        return this.greeted(message.version);
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
        if (message.wire === this.wire) this.drained();
        return this.publishSaid();
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
      if (said.kind === 'AT' && said.forwarder === this.neighbour && this.outbox !== undefined) {
        locations.push(said.location);
        continue;
      }
      this.takeIn(heard, locations);
      if (this.outbox === undefined) this.hearGreeting(said);
      else this.hearNews(said);
      return index + 1;
    }
    this.takeIn(heard, locations);
    return lines.length;
  }

  private takeIn(lines: readonly ByteString[], locations: readonly Location[]): void {
    this.bus.publish({ kind: 'lines', direction: 'in', party: 'peer', far: this.neighbour, lines });
    if (locations.length === 0) return;
    this.bus.send(addresses.store, { kind: 'learned', locations, from: this.neighbour });
  }

  private hearGreeting(said: PeerLine): void {
    const step = this.handshake?.hear(said);
    if (step === undefined) return;
    for (const line of step.say) this.say(line);
    if (step.outcome === 'greeted') this.greeted(step.version);
    if (step.outcome === 'failed') this.lose(step.reason);
  }

  private hearNews(said: PeerLine): void {
    const { bus, neighbour } = this;
    switch (said.kind) {
      case 'AT':
        return this.lose('the neighbour passed a location on in the name of another');
      case 'DIGEST':
        // The answer may be large: who does not read what it has been sent is sent no more of them, but the last.
        if (this.wire?.hasRoom === true) return this.compare(said);
        this.unanswered = said;
        return;
      case 'BUCKETS': {
        const { group, buckets } = said;
        return bus.send(addresses.store, { kind: 'buckets-told', neighbour, group, buckets });
      }
      case 'COMPARED':
        return bus.send(addresses.store, { kind: 'catch-up', neighbour });
      case 'CAUGHT-UP':
        return this.life.send({ type: 'CAUGHT_UP' });
      case 'SEEK':
        return bus.send(addresses.store, { kind: 'sought', from: neighbour, seek: said });
      case 'UNKNOWN':
        return bus.send(addresses.seeker, { kind: 'unknown-heard', from: neighbour, id: said.id });
      case 'BEAT':
        return;
      case 'GOODBYE':
        if (this.version < goodbyeSince) return this.lose(outOfPlace);
        this.farewell.heard();
        return;
      case 'HELLO':
      case 'PROOF':
      case 'REFUSED':
      case 'invalid':
        return this.lose(outOfPlace);
    }
  }

  private compare(digest: DigestLine): void {
    this.bus.send(addresses.store, { ...digest, kind: 'compare', neighbour: this.neighbour });
  }

  private drained(): void {
    const { unanswered } = this;
    this.unanswered = undefined;
    if (unanswered !== undefined) this.compare(unanswered);
    this.outbox?.drained();
  }

  private greet(wire: PeerWire): void {
    const { identity } = this.settings;
    const { secrets } = this.edges;
    this.farewell.over();
    this.handshake = new CallerHandshake(introductionOver(wire, { identity, secrets }), this.neighbour);
    for (const line of this.handshake.begin()) this.say(line);
  }

  private greeted(version: number): void {
    this.version = version;
    this.farewell.over();
    this.life.send({ type: 'GREETED' });
  }

  /** What people are told of a state, besides why. */
  private detailsOf(
    state: LinkState,
    { retryInMs, reason }: { readonly retryInMs: number; readonly reason: string },
  ): Pick<LinkEvent, 'retryInMs' | 'version' | 'expected'> {
    const isConnected = state === 'catching-up' || state === 'live';
    return {
      retryInMs: state === 'backoff' ? retryInMs : 0,
      ...(isConnected && { version: this.version }),
      ...(!isConnected && this.farewell.explains(reason) && { expected: true as const }),
    };
  }

  private beat(): void {
    this.silentBeats += 1;
    if (this.silentBeats >= silentBeatsMax) return this.lose('the neighbour gives no sign of life');
    this.say(beat);
  }

  private openOutbox(): void {
    const { bus, neighbour } = this;
    const { server } = this.settings.identity;
    const hasRoom = () => this.wire?.hasRoom ?? false;
    this.handshake = undefined;
    this.silentBeats = 0;
    this.outbox = new Outbox({
      get hasRoom() {
        return hasRoom();
      },
      sendLocation: (location, line = formatPeerAt(location, server)) => this.send(line),
      sendCaughtUp: () => this.say(caughtUp),
      wantPage: () => this.wantPage(),
    });
    bus.send(addresses.store, { kind: 'describe', neighbour, anew: true });
    if (this.server === 'stopping') this.sayGoodbye();
  }

  private wantPage(): void {
    const { bus, edges, neighbour } = this;
    const { outbox } = this;
    // Comparisons may overlap, and so may pauses; none of them outlives the connection that it was for.
    const ask = () => {
      if (this.outbox === outbox) bus.send(addresses.store, { kind: 'next-page', neighbour });
    };
    this.pageTimer = edges.clock.setTimeout(ask, pagePauseMs);
  }

  private closeOutbox(): void {
    this.edges.clock.clearTimeout(this.pageTimer);
    this.unanswered = undefined;
    this.outbox = undefined;
  }

  private sayGoodbye(): void {
    if (this.version >= goodbyeSince) this.tell(goodbye);
  }

  /** Says something that only a connected neighbour is told. */
  private tell(line: PeerNews): void {
    if (this.outbox !== undefined) this.say(line);
    else if (line.kind === 'SEEK') {
      // Who is away does not know; the search need not wait for it.
      this.bus.send(addresses.seeker, { kind: 'unknown-heard', from: this.neighbour, id: line.id });
    }
  }

  private say(line: HandshakeLine | PeerNews): void {
    const text = formatPeerLine(line);
    this.wire?.send(text);
    this.said.push(logged(line, text));
    this.publishSaid();
  }

  private send(line: ByteString): void {
    this.wire?.send(line);
    this.said.push(line);
  }

  private publishSaid(): void {
    const lines = this.said;
    if (lines.length === 0) return;
    this.said = [];
    this.bus.publish({ kind: 'lines', direction: 'out', party: 'peer', far: this.neighbour, lines });
  }

  private noteConflated(count: number): void {
    if (count > 0) this.bus.publish({ kind: 'conflated', neighbour: this.neighbour, count });
  }

  private loseWire(reason: string): void {
    const why = this.farewell.reasonFor(reason, this.outbox === undefined ? 'call' : 'connection');
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
    wire?.close();
  }
}
