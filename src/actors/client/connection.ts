import { createActor, type Actor as Machine, type EventFromLogic } from 'xstate';
import type { ByteString } from '../../protocol/text/bytes.js';
import { watchKeepAlive } from '../../protocol/client/command.js';
import type { Location } from '../../protocol/place/location.js';
import { LineInput, type LineRegion } from '../../protocol/text/line-input.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import { LineRecorder } from '../bus/line-recorder.js';
import { sendLater } from '../bus/send-later.js';
import type { ClientChannel } from '../ports/client-channel.js';
import type { Clock } from '../ports/clock.js';
import { connectionMachine } from './connection-machine.js';
import type { CommandSource } from './command-scheduler.js';
import { CommandSession, type CommandSessionSettings } from './command-session.js';
import { IdleTimeout } from '../time/idle-timeout.js';
import { addresses } from '../addresses.js';
import { LineHandler, type CommandGate } from './line-handler.js';
import type { ConnectionMessage } from './messages.js';
import type { OutputAccount } from './output-budget.js';
import { ReceivedLines } from './received-lines.js';
import { remoteHostOf } from './remote-host.js';
import { StallTimeout } from '../time/stall-timeout.js';
import { TokenBucket } from '../time/token-bucket.js';
import { maxPendingChanges, type ChangeSink } from './connection-subscriptions.js';

/**
 * Delay of the first keep-alive line to a subscriber that has closed its sending side, in milliseconds, and its maximum: it doubles
 * with each line. TCP detects that such a client is gone only when something is sent to it.
 */
const [firstKeepAliveMs, maxKeepAliveMs] = [5_000, 60_000];

/**
 * Buffered bytes from which a connection is accounted for: most connections never buffer more, and only until the end of the turn.
 * A channel that has buffered as much reports when its buffer is empty (`ClientChannel.bufferedBytes`).
 */
const accountingThresholdBytes = 4_096;

/** Serves one client connection. Reads commands only as fast as the client reads the responses. */
export class Connection implements Actor<ConnectionMessage>, ChangeSink, CommandSource, CommandGate {
  private readonly input: LineInput;
  private readonly session: CommandSession;
  private readonly lineHandler: LineHandler;
  /** Received lines that have not been handled. */
  private received: ReceivedLines[] = [];
  /** Bytes of the received lines that wait for a later message. */
  private waitingBytes = 0;
  private readonly account: OutputAccount;
  private accountedBytes = 0;
  private isBeingEvicted = false;
  /** The scheduler turn to which `spentCost` belongs. */
  private spentTurn = 0;
  private spentCost = 0;
  /** Why the server ends the connection; undefined if the client does. */
  private endReason: string | undefined;
  /** Undefined as long as the connection was always `flowing`: most connections need no machine before their end. */
  private machine: Machine<typeof connectionMachine> | undefined;
  private readonly rateLimiter: TokenBucket;
  private readonly idleTimeout: IdleTimeout;
  private readonly stallTimeout: StallTimeout;
  private cancelThrottle: (() => void) | undefined;
  private cancelKeepAlive: (() => void) | undefined;
  private nextKeepAliveMs = firstKeepAliveMs;
  private readonly self: Address<ConnectionMessage>;
  private readonly lineRecorder: LineRecorder;
  /** Whether a `flush-lines` message is queued. */
  private isFlushScheduled = false;

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly settings: CommandSessionSettings,
    private readonly connectionId: number,
    private readonly channel: ClientChannel,
  ) {
    const self = addresses.connection(connectionId);
    this.self = self;
    this.lineRecorder = new LineRecorder(bus, 'client', channel.remoteAddress);
    this.input = new LineInput(settings.limits.maxLineBytes);
    const writeResponse = (line: ByteString, secondLine?: ByteString) => this.write(line, secondLine);
    const remoteHost = remoteHostOf(channel.remoteAddress);
    this.session = new CommandSession(bus, settings, { self, remoteHost, writeResponse });
    this.lineHandler = new LineHandler(clock, settings, this.session, channel, this.lineRecorder, this);
    this.account = settings.shared.outputBudget.open({ drop: (reason) => this.evict(reason) }, remoteHost);
    const { maxCommandsPerSecond, idleTimeoutMs, maxOutputBufferBytes, writeTimeoutMs } = settings.limits;
    this.rateLimiter = new TokenBucket(maxCommandsPerSecond, clock.monotonicMs());
    const backlog = { bytes: () => channel.bufferedBytes, maxBytes: maxOutputBufferBytes };
    this.stallTimeout = new StallTimeout(writeTimeoutMs, backlog, (delayMs) =>
      sendLater(this, self, { kind: 'stall-check-due' }, delayMs),
    );
    this.idleTimeout = new IdleTimeout(clock, idleTimeoutMs, (delayMs) =>
      sendLater(this, self, { kind: 'idle-check-due' }, delayMs),
    );
  }

  receive(message: ConnectionMessage): void {
    try {
      this.handle(message);
    } finally {
      if (message.kind === 'nearby-response') this.scheduleFlush();
      else this.lineRecorder.flush();
      this.updateAccount();
    }
  }

  resume(): void {
    this.bus.send(this.self, { kind: 'turn-granted' });
  }

  canSend(): boolean {
    return this.session.pendingResponseCount === 0 && !this.isBackpressured();
  }

  send(line: ByteString): void {
    // Encoded once, for the channel and for the event.
    const lines = this.settings.encoder.encode(line);
    this.channel.writeBytes(lines.buffer, lines.start, lines.end);
    this.lineRecorder.recordPushed(lines);
  }

  private handle(message: ConnectionMessage): void {
    switch (message.kind) {
      case 'bytes':
        this.idleTimeout.touch();
        if (this.isAccepting())
          this.addRegions(this.input.push(message.buffer, message.start, message.end), message.receivedAt);
        return;
      case 'ended': {
        // A draining server accepts no more input, least of all an incomplete line as a complete one.
        const lastLine = this.isAccepting() ? this.input.end() : undefined;
        // The usual end, which takes the machine through all of its states at once.
        if (lastLine === undefined && this.machine === undefined && this.isIdle()) return this.channel.end();
        this.transition({ type: 'ENDED' });
        this.addRegions(lastLine === undefined ? [] : [lastLine], message.receivedAt);
        return this.armHeartbeat();
      }
      case 'drain':
        this.transition({ type: 'DRAIN' });
        this.session.closeSubscriptions();
        return this.processPending();
      case 'closed':
        return this.requestClose(this.endReason ?? message.reason);
      case 'drained':
        this.idleTimeout.touch();
        // The client has read everything. A subscriber whose buffer fills again at once is not stalled.
        this.stallTimeout.stop();
        return this.processPending();
      case 'throttle-released':
        this.cancelThrottle = undefined;
        return this.processPending();
      case 'turn-granted':
        return this.processPending();
      case 'keep-alive-due':
        this.cancelKeepAlive = undefined;
        if (this.canSend()) this.send(watchKeepAlive);
        return this.armHeartbeat();
      case 'idle-check-due':
        return this.checkIdle();
      case 'stall-check-due':
        return this.checkStall();
      case 'flush-lines':
        this.isFlushScheduled = false;
        return;
      case 'located':
        this.session.handleLocated(message.requestId, message.location);
        return this.processPending();
      case 'nearby-response':
        this.session.handleNearby(message.requestId, message.json);
        return this.processPending();
      case 'request-failed':
        this.session.handleFailed(message.requestId);
        return this.processPending();
      case 'subscribed':
        this.channel.enableKeepAlive();
        this.session.subscriptions?.handleSubscribed(message.requestId, message.location);
        this.processPending();
        this.closeIfTooSlow();
        return this.armHeartbeat();
      case 'subscription-rejected':
        this.session.subscriptions?.handleRejected(message.requestId);
        return this.processPending();
      case 'changed':
        return this.handleChanges(message.locations);
      case 'subscription-lost':
        return this.requestClose('subscriptions lost after an internal error');
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.lineRecorder.flush();
    this.idleTimeout.stop();
    this.stallTimeout.stop();
    this.cancelThrottle?.();
    this.cancelKeepAlive?.();
    this.settings.shared.scheduler.remove(this);
    this.session.stop();
    this.account.close();
    this.machine?.send({ type: 'CLOSE' });
    this.channel.destroy();
  }

  /** Closes the connection because the buffers of all clients exceed their limit and this one holds the most. */
  private evict(reason: string): void {
    this.isBeingEvicted = true;
    this.bus.publish({ kind: 'connection-evicted' });
    this.requestClose(reason);
  }

  private checkIdle(): void {
    if (!this.idleTimeout.check(this.hasSubscriptions)) return;
    this.requestClose(`idle for ${this.settings.limits.idleTimeoutMs / 1_000} s`);
  }

  private checkStall(): void {
    if (!this.stallTimeout.check()) return;
    this.requestClose(
      `read nothing for ${this.settings.limits.writeTimeoutMs / 1_000} s while its output buffer was full`,
    );
  }

  /** Publishes sent lines behind the messages that are queued already: cached upstream responses arrive one by one, in a row. */
  private scheduleFlush(): void {
    if (!this.lineRecorder.hasSent || this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    this.bus.send(this.self, { kind: 'flush-lines' });
  }

  /** Requests that the server stop this actor, which closes the channel. */
  private requestClose(reason: string): void {
    this.bus.send(addresses.server, { kind: 'connection-closed', connection: this.connectionId, reason });
  }

  private addRegions(regions: readonly LineRegion[], receivedAt: Instant): void {
    for (const region of regions) this.received.push(new ReceivedLines(region, receivedAt));
    this.processPending();
    if (this.received.length === 0) return;
    for (const lines of this.received) {
      // Published before they are copied: the buffers of an event are not the publisher's any more.
      this.lineHandler.recordReceived(lines, lines.end);
      lines.keep();
    }
    this.waitingBytes = this.received.reduce((bytes, { buffer }) => bytes + buffer.size, 0);
  }

  private processPending(): void {
    this.handleReceived();
    this.session.subscriptions?.flush(this);
  }

  private handleChanges(changes: readonly Location[]): void {
    const { subscriptions } = this.session;
    if (subscriptions === undefined) return;
    const count = subscriptions.acceptChanges(changes, this);
    if (count > 0) this.bus.publish({ kind: 'subscription-conflated', count });
    this.closeIfTooSlow();
  }

  private closeIfTooSlow(): void {
    if (this.session.subscriptions?.hasOverflowed !== true) return;
    this.requestClose(`subscriber too slow: changes of more than ${maxPendingChanges} clients queued`);
  }

  /** Handles received lines while the output buffer has room and the scheduler and the rate limit allow it. */
  private handleReceived(): void {
    for (let lines = this.received[0]; lines !== undefined; lines = this.received[0]) {
      const outcome = this.lineHandler.handle(lines);
      if (outcome === 'paused') return this.transition({ type: 'PAUSE' });
      if (outcome === 'http') return this.rejectHttp();
      this.received.shift();
    }
    this.waitingBytes = 0;
    this.advanceMachine();
  }

  spend(cost: number): void {
    this.spentCost += cost;
    this.settings.shared.scheduler.spend(cost);
  }

  /**
   * Ends a connection that sends an HTTP request: a web page could make its visitor's browser send one. The rest of the request is
   * ignored, as it could contain commands chosen by the page.
   */
  private rejectHttp(): void {
    this.endReason = 'spoke HTTP at the client port';
    this.received = [];
    this.waitingBytes = 0;
    this.session.closeSubscriptions();
    this.transition({ type: 'DRAIN' });
    this.advanceMachine();
  }

  mayHandle(nowMs: number): boolean {
    return this.hasTurn() && this.takeToken(nowMs);
  }

  /** Whether the connection may handle another command in this turn; if not, the scheduler resumes it later. */
  private hasTurn(): boolean {
    const { scheduler } = this.settings.shared;
    if (scheduler.isWaiting(this)) return false;
    if (this.spentTurn !== scheduler.turn) {
      this.spentTurn = scheduler.turn;
      this.spentCost = 0;
    }
    if (this.spentCost < scheduler.quantum) return true;
    scheduler.enqueue(this);
    return false;
  }

  /** Updates the output account, if more is buffered than usual within a turn. */
  private updateAccount(): void {
    const bytes = this.channel.bufferedBytes + this.session.bufferedBytes + this.waitingBytes;
    const accounted = bytes < accountingThresholdBytes ? 0 : bytes;
    if (this.isBeingEvicted || accounted === this.accountedBytes) return;
    this.accountedBytes = accounted;
    this.account.set(accounted);
  }

  /** Sends the machine the event that its state waits for. Reading a state is cheaper than sending an event. */
  private advanceMachine(): void {
    const state = this.machine?.getSnapshot();
    if (state === undefined) return;
    if (state.hasTag('paused')) this.transition({ type: 'RESUME' });
    else if (state.hasTag('draining') && this.session.pendingResponseCount === 0 && !this.hasSubscriptions)
      this.transition({ type: 'COMPLETED' });
  }

  /** Sends the machine an event; the first one creates it. */
  private transition(event: EventFromLogic<typeof connectionMachine>): void {
    if (this.machine === undefined) {
      this.machine = createActor(connectionMachine, { input: { channel: this.channel } });
      this.machine.subscribe({ error: (error) => this.bus.send(this.self, { kind: 'machine-failed', error }) });
      this.machine.start();
    }
    this.machine.send(event);
  }

  private isAccepting(): boolean {
    return this.machine?.getSnapshot().hasTag('accepting') ?? true;
  }

  /** Whether there is nothing left to do for the client. */
  private isIdle(): boolean {
    return this.received.length === 0 && this.session.pendingResponseCount === 0 && !this.hasSubscriptions;
  }

  private get hasSubscriptions(): boolean {
    return (this.session.subscriptions?.size ?? 0) > 0;
  }

  private armHeartbeat(): void {
    if (
      this.cancelKeepAlive !== undefined ||
      !this.hasSubscriptions ||
      this.machine?.getSnapshot().hasTag('draining') !== true
    )
      return;
    this.cancelKeepAlive = sendLater(this, this.self, { kind: 'keep-alive-due' }, this.nextKeepAliveMs);
    this.nextKeepAliveMs = Math.min(this.nextKeepAliveMs * 2, maxKeepAliveMs);
  }

  /** Whether the rate limit allows another command now; if not, a message resumes the work when it does. */
  private takeToken(nowMs: number): boolean {
    if (this.cancelThrottle !== undefined) return false;
    if (this.rateLimiter.tryTake(nowMs)) return true;
    this.cancelThrottle = sendLater(this, this.self, { kind: 'throttle-released' }, this.rateLimiter.waitMs);
    return false;
  }

  isBackpressured(): boolean {
    const { maxPendingResponses, maxOutputBufferBytes } = this.settings.limits;
    const { channel, session } = this;
    const bufferedBytes = channel.bufferedBytes;
    if (bufferedBytes > maxOutputBufferBytes) {
      this.stallTimeout.start();
      return true;
    }
    if (session.pendingResponseCount === 0) return false;
    return (
      session.pendingResponseCount >= maxPendingResponses ||
      session.isWaitingForSlot ||
      bufferedBytes + session.expectedResponseBytes > maxOutputBufferBytes
    );
  }

  private write(line: ByteString, secondLine?: ByteString): void {
    const lines = this.settings.encoder.encode(line, secondLine);
    this.channel.writeResponse(lines);
    this.lineRecorder.recordSent(lines);
  }
}
