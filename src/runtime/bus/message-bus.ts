import { performance } from 'node:perf_hooks';
import { EventEmitter } from 'eventemitter3';
import type { Actor, Address, ActorFailure, ActorRegistry } from '../../actors/bus/bus.js';
import type { HerdEvent } from '../../actors/bus/events.js';
import type { BufferOverwriter } from './buffer-overwriter.js';
import { LongestTurn } from '../time/longest-turn.js';

/** Event type of a kind. */
export type EventOf<Kind extends HerdEvent['kind'], Event = HerdEvent> = Event extends { kind: infer Kinds }
  ? Kind extends Kinds
    ? Event
    : never
  : never;

/** Entries of handled messages after which the queue is compacted: a trade-off between copying and memory. */
const maxHandledMessages = 8_192;

/** Message bus of one server: delivers messages between its actors, and events to listeners. */
export class MessageBus implements ActorRegistry {
  private readonly actors = new Map<string, Actor<unknown>>();
  private readonly topics = new EventEmitter<string>();
  /** Alternating addresses and messages. */
  private queue: unknown[] = [];
  private head = 0;
  private isDelivering = false;
  private deadLetters = 0;
  private runs = 0;
  private readonly turns = new LongestTurn();
  private onFailure: (failure: ActorFailure) => void = ({ error }) => {
    throw error;
  };

  /**
   * @param onListenerFailure is called if an event listener throws; the other listeners are still called
   * @param overwriter overwrites the buffers of delivered messages; undefined to leave them as they are
   * @param nowMs monotonic time in milliseconds, by which turns are measured
   */
  constructor(
    private readonly onListenerFailure: (error: unknown) => void,
    private readonly overwriter?: BufferOverwriter,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  send<Message>(to: Address<Message>, message: NoInfer<Message>): void {
    this.queue.push(to, message);
    if (this.isDelivering) return;
    this.isDelivering = true;
    const startedAtMs = this.nowMs();
    try {
      this.deliverAll();
    } finally {
      this.isDelivering = false;
      this.runs += 1;
      this.overwriter?.overwrite();
      const nowMs = this.nowMs();
      this.turns.record(nowMs - startedAtMs, nowMs);
    }
  }

  get run(): number {
    return this.runs;
  }

  /**
   * Longest turn of the last one to two minutes in milliseconds: a message from outside and all messages that it caused. It blocks
   * the event loop.
   */
  get longestTurnMs(): number {
    return this.turns.valueAt(this.nowMs());
  }

  publish(event: HerdEvent): void {
    this.topics.emit(event.kind, event);
    if (this.overwriter === undefined) return;
    this.overwriter.note(event);
    if (!this.isDelivering) this.overwriter.overwrite();
  }

  /** Subscribes to a kind of event; returns a function that unsubscribes. */
  on<Kind extends HerdEvent['kind']>(kind: Kind, listener: (event: EventOf<Kind>) => void): () => void {
    const guardedListener = (event: EventOf<Kind>) => {
      try {
        listener(event);
      } catch (error) {
        this.onListenerFailure(error);
      }
    };
    this.topics.on(kind, guardedListener);
    return () => this.topics.off(kind, guardedListener);
  }

  attach<Message>(address: Address<Message>, actor: Actor<Message>): void {
    this.actors.set(address, actor);
  }

  detach(address: Address<never>): void {
    this.actors.delete(address);
  }

  supervise(onFailure: (failure: ActorFailure) => void): void {
    this.onFailure = onFailure;
  }

  private deliverAll(): void {
    while (this.head < this.queue.length) {
      const to = this.queue[this.head] as string;
      const message = this.queue[this.head + 1];
      this.head += 2;
      if (this.head > maxHandledMessages) {
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      this.deliver(to, message);
    }
    this.queue.length = 0;
    this.head = 0;
  }

  private deliver(to: string, message: unknown): void {
    try {
      this.overwriter?.note(message);
      const actor = this.actors.get(to);
      if (actor === undefined) this.recordDeadLetter(to, message);
      else actor.receive(message);
    } catch (error) {
      this.onFailure({ address: to, message, error });
    }
  }

  private recordDeadLetter(to: string, message: unknown): void {
    this.deadLetters += 1;
    const messageKind = (message as { kind?: string } | undefined)?.kind ?? typeof message;
    this.publish({ kind: 'dead-letter', address: to, messageKind, count: this.deadLetters });
  }
}
