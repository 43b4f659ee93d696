import { createActor, type Actor as Machine } from 'xstate';
import { findLineEnd } from '../../protocol/text/word-buffer.js';
import { Lines, textEndOf } from '../../protocol/text/lines.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { PeerAtScanner } from '../../protocol/peer/scan-at.js';
import {
  comparedLine,
  goodbyeLine,
  parsePeerLine,
  type PeerLine,
  type PeerMessage,
} from '../../protocol/peer/peer-line.js';
import { millisecondsBetween } from '../../protocol/place/time.js';
import { isDialer } from '../../protocol/place/topology.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { PlannedShutdown } from './planned-shutdown.js';
import {
  DialHandshake,
  handshakeContextFor,
  type HandshakeLine,
  type PeerIdentity,
  handshakeTimeoutMs,
  type Secrets,
} from '../../protocol/peer/handshake.js';
import type { LinkEvent, LinkState } from '../bus/events.js';
import { maxMissedHeartbeats, type Limits, type LinkTimings } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import type { LinkMessage } from './messages.js';
import { PeerSession } from './peer-session.js';
import { peerLinkMachine, type PeerLinkActions, type PeerLinkEvent } from './peer-link-machine.js';
import { SessionTimers } from './session-timers.js';
import { redactPeerLine } from '../../protocol/peer/redact-peer-line.js';
import type { Random } from '../ports/random.js';
import { BatchPool } from '../bus/batch-pool.js';
import { LineRecorder } from '../bus/line-recorder.js';
import { PeerOutput } from './peer-output.js';
import type { PeerChannel, Transport } from '../ports/transport.js';

/** Dependencies of a link. */
export interface PeerLinkDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  /** Undefined for a herd without a secret. */
  readonly secrets: Secrets | undefined;
}

/** Settings of all links of a server. */
export interface PeerLinkSettings {
  readonly identity: PeerIdentity;
  readonly linkTimings: LinkTimings;
  readonly limits: Pick<Limits, 'maxPeerOutputBufferBytes'>;
}

const unexpectedLineReason = 'unexpected message from peer';

/** Link to one neighbour: keeps a channel to it open, and sends and receives locations. */
export class PeerLink implements Actor<LinkMessage> {
  private readonly lifecycle: Machine<typeof peerLinkMachine>;
  private channel: PeerChannel | undefined;
  /** Output on the present channel. */
  private output: PeerOutput | undefined;
  private readonly scanner: PeerAtScanner;
  private readonly batches: BatchPool;
  private handshake: DialHandshake | undefined;
  /** Undefined while the neighbour is not connected. */
  private session: PeerSession | undefined;
  private timers: SessionTimers | undefined;
  private readonly plannedShutdown: PlannedShutdown;
  /** Whether GOODBYE is sent as soon as the neighbour is connected. */
  private isServerStopping = false;
  private missedHeartbeats = 0;
  /** Whether this end dials; the other end only announces itself. */
  private readonly isDialer: boolean;
  /** When the last session began, in milliseconds on the monotonic clock. */
  private connectedAtMs = 0;
  private readonly recorder: LineRecorder;

  constructor(
    private readonly bus: Bus,
    private readonly dependencies: PeerLinkDependencies,
    private readonly settings: PeerLinkSettings,
    private readonly neighbour: ServerId,
  ) {
    this.plannedShutdown = new PlannedShutdown(neighbour);
    this.recorder = new LineRecorder(bus, 'peer', neighbour);
    this.scanner = new PeerAtScanner(neighbour);
    this.batches = new BatchPool(bus);
    const self = addresses.link(neighbour);
    const { clock, random } = dependencies;
    this.isDialer = isDialer(settings.identity.server, neighbour);
    const input = { isDialer: this.isDialer, random, actions: this.machineActions() };
    this.lifecycle = createActor(peerLinkMachine, { clock, input });
    this.lifecycle.subscribe({ error: (error) => bus.send(self, { kind: 'machine-failed', error }) });
    // The link that this one replaces after a failure may have reported a clock.
    this.reportClockLost();
    this.lifecycle.start();
  }

  receive(message: LinkMessage): void {
    switch (message.kind) {
      case 'forward':
        // A disconnected neighbour receives them with its next catch-up.
        return this.session?.forward(message.batch);
      case 'page':
        return this.session?.sendPage(message.batch, message.isLast);
      case 'digest':
        return this.sendIfConnected({
          kind: 'DIGEST',
          partitionHashes: message.partitionHashes,
          horizon: message.horizon,
        });
      case 'digest-compared':
        for (const { partition, leafHashes } of message.differingPartitions)
          this.sendIfConnected({ kind: 'LEAVES', partition, leafHashes });
        return this.sendIfConnected(comparedLine);
      case 'announce':
        if (!this.isDialer && this.channel === undefined) this.dial();
        return;
      case 'heartbeat-due':
        // The session may have ended since.
        if (this.session !== undefined) this.checkHeartbeat();
        return;
      case 'comparison-due':
        if (this.session !== undefined) this.requestComparison();
        return;
      case 'page-due':
        return this.session?.pageDue();
      case 'compare-due':
        return this.session?.compareDue();
      case 'peer-accepted':
        if (this.isDialer) return this.receiveAnnouncement(message.channel);
        this.disconnect();
        this.setChannel(message.channel);
        return this.completeHandshake();
      case 'send-line':
        return this.sendIfConnected(message.line);
      case 'send-goodbye':
        this.isServerStopping = true;
        return this.sendGoodbye();
      case 'machine-failed':
        throw message.error;
      case 'channel-opened':
        if (message.channel === this.channel) this.beginHandshake(message.channel);
        return;
      case 'channel-lines':
        return this.receiveLines(message.channel, message.lines);
      case 'channel-locations':
        if (message.channel === this.channel && this.session !== undefined) this.receiveLocations(message.batch);
        return;
      case 'channel-drained':
        if (message.channel === this.channel) this.session?.drained();
        return;
      case 'channel-closed':
        if (message.channel === this.channel) this.handleClosed(message.reason);
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.lifecycle.send({ type: 'STOP' });
    // A machine that failed neither ends the session nor disconnects, and the neighbour would keep the dead channel.
    this.closeSession();
    this.disconnect();
  }

  private machineActions(): PeerLinkActions {
    const { bus, neighbour } = this;
    return {
      dial: () => this.dial(),
      disconnect: () => this.disconnect(),
      beginSession: () => this.beginSession(),
      endSession: (cause) => this.endSession(cause),
      publishState: (state, context) =>
        bus.publish({ kind: 'link', neighbour, state, reason: context.reason, ...this.detailsOf(state, context) }),
    };
  }

  /** Receives locations from a server of this process, which has validated them. */
  private receiveLocations(batch: LocationBatch): void {
    this.missedHeartbeats = 0;
    this.recorder.recordReceived(batch.lines());
    this.bus.send(addresses.store, { kind: 'learned', batch, from: this.neighbour });
  }

  private receiveLines(channel: PeerChannel, { buffer, start, end }: Lines): void {
    if (channel !== this.channel) return;
    this.missedHeartbeats = 0;
    let at = start;
    while (at < end && channel === this.channel) {
      at = this.scanLocations(new Lines(buffer, at, end));
      if (at < end) at = this.receiveLine(new Lines(buffer, at, end));
    }
  }

  /** Handles the locations at the start of lines, as bytes. Returns the start of the first line that is none. */
  private scanLocations({ buffer, start, end }: Lines): number {
    if (this.session === undefined) return start;
    const batch = this.batches.acquire().borrow(buffer);
    let at = start;
    while (at < end) {
      const lineEnd = findLineEnd(buffer.view, at, end);
      if (!this.scanner.scan(at, textEndOf(buffer, at, lineEnd), batch)) break;
      at = lineEnd + 1;
    }
    if (batch.count === 0) return at;
    this.recorder.recordReceived(new Lines(buffer, start, at, batch.count, batch.isPrintable, true));
    this.bus.send(addresses.store, { kind: 'learned', batch, from: this.neighbour });
    return at;
  }

  /** Handles the first of some lines as text. Returns the start of the next one. */
  private receiveLine(lines: Lines): number {
    const [[line, next] = ['', lines.end]] = lines.entries();
    const parsed = parsePeerLine(line);
    const logged = redactPeerLine(parsed, line);
    this.recorder.recordReceived(logged === line ? new Lines(lines.buffer, lines.start, next, 1) : Lines.of(logged));
    if (this.session === undefined) this.receiveHandshakeLine(parsed);
    else this.receiveMessage(parsed, this.session);
    return next;
  }

  private receiveHandshakeLine(parsed: PeerLine): void {
    const step = this.handshake?.receive(parsed);
    if (step === undefined) return;
    for (const line of step.replies) this.sendLine(line);
    // At the end that does not dial, the channel was only for the announcement ([PE29]).
    if (step.outcome === 'completed' && !this.isDialer) this.disconnect();
    else if (step.outcome === 'completed') this.completeHandshake();
    else if (step.outcome === 'failed') this.abort(step.reason);
  }

  private receiveMessage(message: PeerLine, session: PeerSession): void {
    switch (message.kind) {
      case 'AT': {
        if (message.forwarder !== this.neighbour)
          return this.abort('the neighbour forwarded a location in the name of another server');
        const batch = LocationBatch.of([message.location]);
        return this.bus.send(addresses.store, { kind: 'learned', batch, from: this.neighbour });
      }
      case 'DIGEST':
      case 'LEAVES':
      case 'SEEK':
      case 'UNKNOWN':
        return session.receive(message);
      case 'COMPARED':
        return session.comparisonDone();
      case 'CAUGHT-UP':
        return this.lifecycle.send({ type: 'CAUGHT_UP' });
      case 'BEAT': {
        const offsetMs = millisecondsBetween(this.dependencies.clock.now(), message.clock);
        return this.bus.send(addresses.clockMonitor, { kind: 'clock-received', neighbour: this.neighbour, offsetMs });
      }
      case 'GOODBYE':
        return this.plannedShutdown.announced();
      case 'HELLO':
      case 'PROOF':
      case 'REFUSED':
      case 'invalid':
        return this.abort(unexpectedLineReason);
      default:
        message satisfies never;
    }
  }

  private dial(): void {
    const { bus, dependencies, neighbour } = this;
    const self = addresses.link(neighbour);
    this.setChannel(dependencies.transport.dial(neighbour, (message) => bus.send(self, message)));
  }

  private setChannel(channel: PeerChannel): void {
    this.channel = channel;
    this.output = new PeerOutput(channel, this.recorder);
  }

  /** Handles an announcement of the neighbour ([PE29]), whose channel has no other purpose. */
  private receiveAnnouncement(channel: PeerChannel): void {
    channel.close();
    const isHandshaking = this.handshake !== undefined;
    // A channel opened just before the announcement was received leads to the same process of the neighbour.
    const isJustConnected =
      this.session !== undefined && this.dependencies.clock.monotonicMs() - this.connectedAtMs <= handshakeTimeoutMs;
    if (!isHandshaking && !isJustConnected) this.lifecycle.send({ type: 'ANNOUNCED' });
  }

  private beginHandshake(channel: PeerChannel): void {
    const { identity } = this.settings;
    const { secrets } = this.dependencies;
    this.plannedShutdown.clear();
    this.handshake = new DialHandshake(handshakeContextFor(channel, { identity, secrets }), this.neighbour);
    for (const line of this.handshake.begin()) this.sendLine(line);
  }

  private completeHandshake(): void {
    this.plannedShutdown.clear();
    this.lifecycle.send({ type: 'HANDSHAKE_COMPLETED' });
  }

  /** Details of a link event besides its reason. */
  private detailsOf(
    state: LinkState,
    { retryInMs, reason }: { readonly retryInMs: number; readonly reason: string },
  ): Pick<LinkEvent, 'retryInMs' | 'expected'> {
    const isConnected = state === 'catching-up' || state === 'live';
    return {
      retryInMs: state === 'backoff' ? retryInMs : 0,
      ...(!isConnected && this.plannedShutdown.explains(reason) && { expected: true as const }),
    };
  }

  private checkHeartbeat(): void {
    this.missedHeartbeats += 1;
    if (this.missedHeartbeats >= maxMissedHeartbeats) return this.abort('heartbeat timeout');
    this.sendHeartbeat();
  }

  private requestComparison(): void {
    const { bus, neighbour } = this;
    bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: false });
  }

  private sendHeartbeat(): void {
    this.sendLine({ kind: 'BEAT', clock: this.dependencies.clock.now() });
  }

  private beginSession(): void {
    const { bus, dependencies, neighbour, output } = this;
    this.handshake = undefined;
    this.connectedAtMs = dependencies.clock.monotonicMs();
    this.missedHeartbeats = 0;
    if (output === undefined) return;
    const { identity, limits, linkTimings } = this.settings;
    const ends = { self: identity.server, neighbour };
    this.session = new PeerSession(bus, dependencies.clock, ends, limits, output);
    // At once, so that a wrong clock is detected before the link is live.
    this.sendHeartbeat();
    if (this.isServerStopping) this.sendGoodbye();
    this.timers = new SessionTimers(bus, dependencies, linkTimings, neighbour);
  }

  private endSession(cause: PeerLinkEvent['type']): void {
    this.closeSession();
    // Links stop one after the other: the few that are left must not make the server's clock look wrong.
    if (cause !== 'STOP') this.reportClockLost();
  }

  private closeSession(): void {
    this.timers?.cancel();
    this.session?.close();
    this.session = undefined;
  }

  private reportClockLost(): void {
    this.bus.send(addresses.clockMonitor, { kind: 'clock-lost', neighbour: this.neighbour });
  }

  private sendGoodbye(): void {
    this.sendIfConnected(goodbyeLine);
  }

  /** Sends a line if the neighbour is connected. */
  private sendIfConnected(line: PeerMessage): void {
    if (this.session !== undefined) this.sendLine(line);
    else if (line.kind === 'SEEK') {
      // A disconnected neighbour counts as not knowing the client, so the lookup need not wait for it.
      this.bus.send(addresses.lookup, { kind: 'peer-unknown', from: this.neighbour, id: line.id });
    }
  }

  private sendLine(line: HandshakeLine | PeerMessage): void {
    this.output?.send(line);
  }

  private handleClosed(reason: string): void {
    const lossReason = this.plannedShutdown.reasonFor(reason, this.session !== undefined);
    this.disconnect();
    this.lifecycle.send({ type: 'DISCONNECTED', reason: lossReason });
  }

  private abort(reason: string): void {
    this.plannedShutdown.clear();
    this.disconnect();
    this.lifecycle.send({ type: 'DISCONNECTED', reason });
  }

  private disconnect(): void {
    const channel = this.channel;
    this.channel = undefined;
    this.output = undefined;
    this.handshake = undefined;
    channel?.close();
  }
}
