import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { LoadConnection } from './load-connection.js';
import type { Progress } from './progress.js';

/** Decides when commands are sent. */
export interface Pacer {
  /** Commands that may be under way on one connection. */
  readonly slots: number;
  /** Commands that have been answered. */
  readonly answers: number;
  /** From due to answered, and from due to sent, in microseconds; where commands are due at a time. */
  readonly latency?: RecordableHistogram | undefined;
  readonly lateness?: RecordableHistogram | undefined;
  begin(connections: readonly LoadConnection[]): void;
  answered(connection: LoadConnection, count: number): void;
  stop(): void;
}

/** A new command for each answer, unless servers are behind: then it is owed until they are not. */
export class ClosedPacer implements Pacer {
  answers = 0;
  private connections: readonly LoadConnection[] = [];
  private state: 'running' | 'held' | 'stopped' = 'running';
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly slots: number,
    private readonly progress: Progress | undefined,
  ) {}

  begin(connections: readonly LoadConnection[]): void {
    this.connections = connections;
    for (const connection of connections) connection.send(this.slots);
    this.timer = setInterval(() => this.look(), 5);
  }

  answered(connection: LoadConnection, count: number): void {
    this.answers += count;
    if (this.state === 'running') connection.send(count);
  }

  stop(): void {
    this.state = 'stopped';
    clearInterval(this.timer);
  }

  private look(): void {
    const behind = this.progress?.isBehind ?? false;
    if (this.state === 'running' && behind) this.state = 'held';
    if (this.state !== 'held' || behind) return;
    this.state = 'running';
    for (const connection of this.connections) if (connection.room > 0) connection.send(connection.room);
  }
}

/** Commands that may be under way on one connection of an open pace; one that is due then is sent late. */
const openSlots = 4_096;

/** So many commands a second, evenly, over all connections in turn. Latency counts from when a command was due. */
export class OpenPacer implements Pacer {
  readonly slots = openSlots;
  readonly latency = createHistogram();
  readonly lateness = createHistogram();
  answers = 0;
  private connections: readonly LoadConnection[] = [];
  private readonly dueMs = new Map<LoadConnection, Float64Array>();
  private startedMs = 0;
  private sent = 0;
  private state: 'running' | 'stopped' = 'running';

  constructor(private readonly perSecond: number) {}

  begin(connections: readonly LoadConnection[]): void {
    this.connections = connections;
    for (const connection of connections) this.dueMs.set(connection, new Float64Array(openSlots));
    this.startedMs = performance.now();
    if (this.perSecond > 0) this.turn();
  }

  answered(connection: LoadConnection, count: number): void {
    this.answers += count;
    const nowMs = performance.now();
    const due = this.dueMs.get(connection);
    for (let index = connection.answered - count; index < connection.answered; index += 1) {
      this.latency.record(microseconds(nowMs - (due?.[index % openSlots] ?? nowMs)));
    }
  }

  stop(): void {
    this.state = 'stopped';
  }

  /** Once a turn of the event loop: a timer would be up to a millisecond late. */
  private turn(): void {
    if (this.state === 'stopped') return;
    const nowMs = performance.now();
    const due = Math.floor(((nowMs - this.startedMs) * this.perSecond) / 1_000);
    // Should it be far behind, it still reads answers between.
    for (let count = 0; this.sent < due && count < 1_000; count += 1) {
      const connection = this.connections[this.sent % this.connections.length];
      if (connection === undefined || connection.room === 0) break;
      const dueMs = this.startedMs + (this.sent * 1_000) / this.perSecond;
      const times = this.dueMs.get(connection);
      if (times !== undefined) times[connection.sent % openSlots] = dueMs;
      this.lateness.record(microseconds(nowMs - dueMs));
      connection.send(1);
      this.sent += 1;
    }
    setImmediate(() => this.turn());
  }
}

function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000));
}
