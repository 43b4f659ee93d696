import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../../protocol/text/bytes.js';
import { stillWatching } from '../../protocol/client/command.js';
import type { Location } from '../../protocol/place/location.js';
import { LineFramer, OverlongLine, type Frame } from '../../protocol/text/line-framer.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { ClientWire } from '../ports/client-wire.js';
import type { Clock } from '../ports/clock.js';
import { connectionMachine } from './connection-machine.js';
import type { CommandSource } from './command-scheduler.js';
import { Conversation, type ConversationSettings } from './command-session.js';
import { IdleWatch } from '../time/idle-timeout.js';
import { addresses, type ConnectionMessage } from '../bus/messages.js';
import type { OutputAccount } from './output-budget.js';
import { remoteAddressOf } from './remote-address.js';
import { SpokenLines } from './client-line-recorder.js';
import { StallWatch } from '../time/stall-timeout.js';
import { TokenBucket } from '../time/token-bucket.js';
import type { ChangeSink } from './connection-subscriptions.js';

/** Clients whose change may wait for one that watches: at about 50 bytes each. Who is slower than that is closed. */
export const changesWaitingMax = 100_000;

/**
 * When a client that watches and has closed its sending side is sent a line, in milliseconds after it has, and then each time after
 * twice as long, up to the second number. One that is gone looks the same to TCP until it is sent something, and holds a place.
 */
const [firstBeatMs, beatMsMax] = [5_000, 60_000];

/**
 * Bytes that a connection may have waiting without an account of it: with most connections this is all that ever waits, and only
 * until the end of the turn. A backlog of as much is followed by a report that it is gone (`ClientWire.backlogBytes`).
 */
const unaccountedBytes = 4_096;

/** Bytes of memory that a line takes besides its characters: the header of a string, and a place in a list. */
const frameBytes = 40;

/** The frames of one chunk, and when they came. */
interface Batch {
  readonly frames: readonly Frame[];
  readonly receivedAt: Instant;
  /** Of the chunk and its frames: the chunk's memory is kept until the last frame is handled. */
  readonly bytes: number;
  next: number;
}

/** Serves one client: takes its bytes in as fast as it takes the answers, and lives as long as its wire. */
export class Connection implements Actor<ConnectionMessage>, ChangeSink, CommandSource {
  private readonly framer: LineFramer;
  private readonly conversation: Conversation;
  private readonly batches: Batch[] = [];
  private batchBytes = 0;
  private readonly account: OutputAccount;
  private accountedBytes = 0;
  private isEvicted = false;
  /** The turn of the scheduler in which it spent `spentCost`. */
  private spentTurn = 0;
  private spentCost = 0;
  /** Why the server ends the connection by itself; undefined if it does not. */
  private endReason: string | undefined;
  private readonly life: Machine<typeof connectionMachine>;
  private readonly pace: TokenBucket;
  private readonly idle: IdleWatch;
  private readonly stall: StallWatch;
  private paceTimer: unknown;
  private beatTimer: unknown;
  private nextBeatMs = firstBeatMs;
  private readonly spoken: SpokenLines;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly settings: ConversationSettings,
    private readonly connection: number,
    private readonly wire: ClientWire,
  ) {
    const self = addresses.connection(connection);
    this.spoken = new SpokenLines(bus, connection, wire.far);
    this.framer = new LineFramer(settings.limits.lineBytesMax);
    const write = (line: ByteString, secondLine?: ByteString) => this.write(line, secondLine);
    const address = remoteAddressOf(wire.far);
    this.conversation = new Conversation(bus, settings, { self, address, write });
    this.account = settings.shared.outputBudget.open({ drop: (reason) => this.evict(reason) }, address);
    this.life = createActor(connectionMachine, { input: { wire } });
    this.life.subscribe({ error: (error) => bus.send(self, { kind: 'machine-failed', error }) });
    this.life.start();
    const { commandsPerSecondMax, idleMs, backlogBytesMax, stallMs } = settings.limits;
    this.pace = new TokenBucket(commandsPerSecondMax, clock.monotonicMs());
    const backlog = { bytes: () => wire.backlogBytes, bytesMax: backlogBytesMax };
    const stalled = `took nothing for ${stallMs / 1_000} s of what waited for it`;
    this.stall = new StallWatch(clock, stallMs, backlog, () => this.leave(stalled));
    this.idle = new IdleWatch(
      clock,
      idleMs,
      () => this.watches,
      () => this.leave(`idle for ${idleMs / 1_000} s`),
    );
  }

  receive(message: ConnectionMessage): void {
    try {
      this.handle(message);
    } finally {
      if (message.kind === 'nearby-found') this.spoken.tellSoon();
      else this.spoken.tell();
      this.keepAccount();
    }
  }

  resume(): void {
    this.bus.send(addresses.connection(this.connection), { kind: 'resumed' });
  }

  mayTell(): boolean {
    return this.conversation.waiting === 0 && !this.isFull();
  }

  tell(line: ByteString): void {
    this.wire.write(`${line}\n`);
    this.spoken.push(line);
  }

  private handle(message: ConnectionMessage): void {
    switch (message.kind) {
      case 'bytes':
        this.idle.moved();
        if (this.life.getSnapshot().hasTag('taking')) this.takeChunk(message);
        return;
      case 'ended': {
        // A server on its way down takes nothing more in: least of all half a line for a whole one.
        const last = this.life.getSnapshot().hasTag('taking') ? this.framer.end() : [];
        this.life.send({ type: 'ENDED' });
        this.take(last, message.receivedAt, 0);
        return this.armBeat();
      }
      case 'drain':
        this.life.send({ type: 'DRAIN' });
        this.conversation.closeWatching();
        return this.work();
      case 'closed':
        return this.leave(this.endReason ?? message.reason);
      case 'drained':
        this.idle.moved();
        // It has taken all: who is sent more at once, as one that watches, is not stalled.
        this.stall.stop();
        return this.work();
      case 'paced':
        this.paceTimer = undefined;
        return this.work();
      case 'resumed':
        return this.work();
      case 'beat':
        this.beatTimer = undefined;
        if (this.mayTell()) this.tell(stillWatching);
        return this.armBeat();
      case 'answered':
        return this.spoken.soon();
      case 'located':
        this.conversation.located(message.question, message.location);
        return this.work();
      case 'nearby-found':
        this.conversation.found(message.question, message.json);
        return this.work();
      case 'question-failed':
        this.conversation.failed(message.question);
        return this.work();
      case 'watch-begun':
        this.wire.keepAlive();
        this.conversation.watching?.begun(message.question, message.location);
        this.work();
        return this.armBeat();
      case 'watch-refused':
        this.conversation.watching?.refused(message.question);
        return this.work();
      case 'changed':
        return this.takeChanges(message.locations);
      case 'watch-lost':
        return this.leave('what it watches was lost over a failure');
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.spoken.tell();
    this.idle.stop();
    this.stall.stop();
    this.clock.clearTimeout(this.paceTimer);
    this.clock.clearTimeout(this.beatTimer);
    this.settings.shared.scheduler.leave(this);
    this.conversation.stop();
    this.account.close();
    this.life.send({ type: 'GONE' });
    this.wire.destroy();
  }

  /** More waits for all clients than may, and this one holds the most. */
  private evict(reason: string): void {
    this.isEvicted = true;
    this.bus.publish({ kind: 'client-evicted' });
    this.leave(reason);
  }

  /** The server ends this actor, and with it the wire. */
  private leave(reason: string): void {
    this.bus.send(addresses.server, { kind: 'client-left', connection: this.connection, reason });
  }

  private takeChunk({ chunk, receivedAt }: Extract<ConnectionMessage, { kind: 'bytes' }>): void {
    this.take(this.framer.push(chunk), receivedAt, chunk.length);
  }

  private take(frames: readonly Frame[], receivedAt: Instant, chunkBytes: number): void {
    if (frames.length > 0) {
      this.spoken.heard(frames.map(textOf));
      const bytes = chunkBytes + frames.length * frameBytes;
      this.batches.push({ frames, receivedAt, bytes, next: 0 });
      this.batchBytes += bytes;
    }
    this.work();
  }

  private work(): void {
    this.handleFrames();
    this.conversation.flush();
    this.conversation.watching?.flush(this);
  }

  private takeChanges(changes: readonly Location[]): void {
    const { watching } = this.conversation;
    if (watching === undefined) return;
    const count = watching.take(changes, this);
    if (count > 0) this.bus.publish({ kind: 'watch-conflated', count });
    if (watching.waitingCount > changesWaitingMax)
      this.leave(`too slow for what it watches: more than ${changesWaitingMax} clients wait to be told of`);
  }

  /** Handles what has come in, for as long as there is room for the answers, and it is this connection's turn. */
  private handleFrames(): void {
    const nowMs = this.clock.monotonicMs();
    for (let batch = this.batches[0]; batch !== undefined; batch = this.batches[0]) {
      for (; batch.next < batch.frames.length; batch.next += 1) {
        const frame = batch.frames[batch.next];
        if (frame === undefined) break;
        if (this.isFull() || !this.hasTurn() || !this.mayGoOn(nowMs)) return this.life.send({ type: 'FULL' });
        const cost = this.conversation.handle(frame, batch.receivedAt);
        if (cost === 'http') return this.endHttp();
        this.spentCost += cost;
        this.settings.shared.scheduler.spend(cost);
      }
      this.batchBytes -= batch.bytes;
      this.batches.shift();
    }
    this.settle();
  }

  /**
   * The client speaks HTTP: a web page makes its visitor's browser send a request here. What comes behind the request line would be
   * the page's commands. It is not taken.
   */
  private endHttp(): void {
    this.endReason = 'spoke HTTP at the client port';
    this.batches.length = 0;
    this.batchBytes = 0;
    this.conversation.closeWatching();
    this.life.send({ type: 'DRAIN' });
    this.settle();
  }

  /** Whether the connection may handle another command before others have their turn; if not, it is resumed when they had it. */
  private hasTurn(): boolean {
    const { scheduler } = this.settings.shared;
    if (scheduler.isWaiting(this)) return false;
    if (this.spentTurn !== scheduler.turn) {
      this.spentTurn = scheduler.turn;
      this.spentCost = 0;
    }
    if (this.spentCost < scheduler.quantum) return true;
    scheduler.wait(this);
    return false;
  }

  /** Accounts for what is kept for the client, where it is more than what gathers in a turn. */
  private keepAccount(): void {
    const bytes = this.wire.backlogBytes + this.conversation.keptBytes + this.batchBytes;
    const accounted = bytes < unaccountedBytes ? 0 : bytes;
    if (this.isEvicted || (accounted === 0 && this.accountedBytes === 0)) return;
    this.accountedBytes = accounted;
    this.account.set(accounted);
  }

  /** Tells the machine what it waits for. Reading a state costs little, so an event is sent only where one is due. */
  private settle(): void {
    const state = this.life.getSnapshot();
    if (state.hasTag('held')) this.life.send({ type: 'EASED' });
    else if (state.hasTag('finishing') && this.conversation.waiting === 0 && !this.watches)
      this.life.send({ type: 'ANSWERED' });
  }

  private get watches(): boolean {
    return (this.conversation.watching?.size ?? 0) > 0;
  }

  private armBeat(): void {
    if (this.beatTimer !== undefined || !this.watches || !this.life.getSnapshot().hasTag('finishing')) return;
    const self = addresses.connection(this.connection);
    this.beatTimer = this.clock.setTimeout(() => this.bus.send(self, { kind: 'beat' }), this.nextBeatMs);
    this.nextBeatMs = Math.min(this.nextBeatMs * 2, beatMsMax);
  }

  /** Whether the client's pace allows for another command now; if not, the work goes on when it does. */
  private mayGoOn(nowMs: number): boolean {
    if (this.paceTimer !== undefined) return false;
    if (this.pace.take(nowMs)) return true;
    const self = addresses.connection(this.connection);
    this.paceTimer = this.clock.setTimeout(() => this.bus.send(self, { kind: 'paced' }), this.pace.waitMs);
    return false;
  }

  private isFull(): boolean {
    const { answersWaitingMax, backlogBytesMax } = this.settings.limits;
    const { wire, conversation } = this;
    const backlogBytes = wire.backlogBytes;
    if (backlogBytes > backlogBytesMax) {
      this.stall.begin();
      return true;
    }
    if (conversation.waiting === 0) return false;
    return (
      conversation.waiting >= answersWaitingMax ||
      conversation.isParked ||
      backlogBytes + conversation.expectedBytes > backlogBytesMax
    );
  }

  private write(line: ByteString, secondLine?: ByteString): void {
    this.spoken.say(line);
    if (secondLine === undefined) return this.wire.write(`${line}\n`);
    this.spoken.say(secondLine);
    this.wire.write(`${line}\n${secondLine}\n`);
  }
}

/** A frame as the log shows it. */
function textOf(frame: Frame): ByteString {
  return frame instanceof OverlongLine ? frame.start : frame;
}
