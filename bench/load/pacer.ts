import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { LoadConnection } from './load-connection.js';
import type { PropagationProgress } from './propagation-progress.js';

/** Decides when commands are sent. */
export interface Pacer {
  /** Maximum number of commands in flight per connection. */
  readonly slots: number;
  /** Number of responses. */
  readonly responses: number;
  /** From due to answered, in microseconds; only in an open loop. */
  readonly latency?: RecordableHistogram | undefined;
  /** From due to sent, in microseconds; only in an open loop. */
  readonly lateness?: RecordableHistogram | undefined;
  /** Time at which the n-th command was due, counted from 1, on the clock of `performance`; only in an open loop. */
  dueMs?(command: number): number;
  start(connections: readonly LoadConnection[]): void;
  onResponses(connection: LoadConnection, count: number): void;
  stop(): void;
}

/** Closed loop: a new command for each response. Pauses while servers lag too far, and then fills all slots again. */
export class ClosedPacer implements Pacer {
  responses = 0;
  private connections: readonly LoadConnection[] = [];
  private state: 'running' | 'paused' | 'stopped' = 'running';
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly slots: number,
    private readonly progress: PropagationProgress | undefined,
  ) {}

  start(connections: readonly LoadConnection[]): void {
    this.connections = connections;
    for (const connection of connections) connection.send(this.slots);
    this.timer = setInterval(() => this.resumeIfCaughtUp(), 5);
  }

  onResponses(connection: LoadConnection, count: number): void {
    this.responses += count;
    if (this.state === 'running') connection.send(count);
  }

  stop(): void {
    this.state = 'stopped';
    clearInterval(this.timer);
  }

  private resumeIfCaughtUp(): void {
    const isBehind = this.progress?.isBehind ?? false;
    if (this.state === 'running' && isBehind) this.state = 'paused';
    if (this.state !== 'paused' || isBehind) return;
    this.state = 'running';
    for (const connection of this.connections) if (connection.freeSlots > 0) connection.send(connection.freeSlots);
  }
}

/** Maximum number of commands in flight per connection in an open loop; beyond it, due commands are sent late. */
const openLoopSlots = 4_096;

/** Open loop: a fixed rate over all connections in rotation. Latency is measured from the time a command was due. */
export class OpenPacer implements Pacer {
  readonly slots = openLoopSlots;
  readonly latency = createHistogram();
  readonly lateness = createHistogram();
  responses = 0;
  private connections: readonly LoadConnection[] = [];
  private readonly dueTimes = new Map<LoadConnection, Float64Array>();
  private startedMs = 0;
  private sent = 0;
  private isStopped = false;

  constructor(private readonly perSecond: number) {}

  start(connections: readonly LoadConnection[]): void {
    this.connections = connections;
    for (const connection of connections) this.dueTimes.set(connection, new Float64Array(openLoopSlots));
    this.startedMs = performance.now();
    if (this.perSecond > 0) this.sendDue();
  }

  onResponses(connection: LoadConnection, count: number): void {
    this.responses += count;
    const nowMs = performance.now();
    const due = this.dueTimes.get(connection);
    for (let index = connection.answered - count; index < connection.answered; index += 1) {
      this.latency.record(toMicroseconds(nowMs - (due?.[index % openLoopSlots] ?? nowMs)));
    }
  }

  stop(): void {
    this.isStopped = true;
  }

  dueMs(command: number): number {
    return this.startedMs + ((command - 1) * 1_000) / this.perSecond;
  }

  /** Runs once per turn of the event loop, because a timer can be a millisecond late. */
  private sendDue(): void {
    if (this.isStopped) return;
    const nowMs = performance.now();
    const due = Math.floor(((nowMs - this.startedMs) * this.perSecond) / 1_000);
    // Limits the work per turn, so that responses are read even when sending is late.
    for (let count = 0; this.sent < due && count < 1_000; count += 1) {
      const connection = this.connections[this.sent % this.connections.length];
      if (connection === undefined || connection.freeSlots === 0) break;
      const dueMs = this.dueMs(this.sent + 1);
      const times = this.dueTimes.get(connection);
      if (times !== undefined) times[connection.sent % openLoopSlots] = dueMs;
      this.lateness.record(toMicroseconds(nowMs - dueMs));
      connection.send(1);
      this.sent += 1;
    }
    setImmediate(() => this.sendDue());
  }
}

function toMicroseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000));
}
