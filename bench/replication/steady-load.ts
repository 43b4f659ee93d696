import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from '../support/line-client.js';
import { quantile } from '../support/statistics.js';
import type { AckedTimes } from './acked-times.js';

/** Load of a whole herd. */
export interface SteadyLoadPlan {
  /** Client ports by member. */
  readonly ports: ReadonlyMap<string, number>;
  readonly members: readonly string[];
  /** Commands per second and member. */
  readonly perSecond: number;
  readonly connectionsPerMember: number;
  /** Number of clients; each reports to one member. */
  readonly clients: number;
  /** Share of commands that query a client, at any member. */
  readonly queryShare: number;
}

interface Target {
  readonly member: string;
  readonly connections: readonly LineClient[];
  readonly clients: readonly string[];
  isClosed: boolean;
  sent: number;
}

/** Interval in which due commands are sent, in milliseconds. */
const tickMs = 2;
/** Reports in flight per member while stores are filled. */
const fillDepth = 512;

/** Open loop at each member of a herd: a fixed rate of single commands, whatever the responses. */
export class SteadyLoad {
  /** Responses since the last reset. */
  responses = 0;
  /** Wrong and missing responses. */
  wrongCount = 0;
  private readonly responseMs: number[] = [];
  private lineBytes = 0;
  private lines = 0;
  private isStopped = false;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly plan: SteadyLoadPlan,
    private readonly targets: readonly Target[],
    private readonly acked: AckedTimes,
  ) {}

  /** Connects to all members. */
  static async connect(plan: SteadyLoadPlan, acked: AckedTimes): Promise<SteadyLoad> {
    const targets = await Promise.all(
      plan.members.map(async (member, index) => {
        const port = plan.ports.get(member) ?? 0;
        const connections = await Promise.all(
          Array.from({ length: plan.connectionsPerMember }, () => LineClient.connect(port)),
        );
        const clients = clientsOf(index, plan.members.length, plan.clients);
        return { member, connections, clients, isClosed: false, sent: 0 };
      }),
    );
    return new SteadyLoad(plan, targets, acked);
  }

  /** Mean length of an AT line with its line end, in bytes. */
  get meanLineBytes(): number {
    return this.lineBytes / this.lines;
  }

  /** Reports each client once, as fast as the members respond. */
  async fill(): Promise<void> {
    await Promise.all(
      this.targets.map(async (target) => {
        for (let first = 0; first < target.clients.length; first += fillDepth) {
          const ids = target.clients.slice(first, first + fillDepth);
          await Promise.all(ids.map((id, index) => this.report(target, id, index, performance.now())));
        }
      }),
    );
    this.reset();
  }

  start(): void {
    this.loop = this.run();
  }

  /** Begins a new measurement. */
  reset(): void {
    this.responses = 0;
    this.responseMs.length = 0;
  }

  /** Quantile of the response times since the last reset, from the time each command was due, in milliseconds. */
  quantileMs(fraction: number): number {
    return quantile(this.responseMs, fraction);
  }

  /** Ends the load of a member that is going to be killed. Returns its clients. */
  abandon(member: string): readonly string[] {
    const target = this.targets.find((each) => each.member === member);
    if (target === undefined) return [];
    target.isClosed = true;
    for (const connection of target.connections) connection.close();
    return target.clients;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.loop;
    for (const { connections } of this.targets) for (const connection of connections) connection.close();
  }

  private async run(): Promise<void> {
    const { perSecond } = this.plan;
    const startedMs = performance.now();
    for (let due = 0; !this.isStopped;) {
      await pause(tickMs);
      const reached = Math.floor(((performance.now() - startedMs) * perSecond) / 1_000);
      for (; due < reached; due += 1) {
        const dueMs = startedMs + (due * 1_000) / perSecond;
        for (const target of this.targets) if (!target.isClosed) void this.send(target, dueMs);
      }
    }
  }

  private send(target: Target, dueMs: number): Promise<void> {
    const number = target.sent;
    target.sent += 1;
    const { queryShare, clients } = this.plan;
    if (isQuery(number, queryShare))
      return this.query(target, number, clientId(Math.floor(Math.random() * clients)), dueMs);
    return this.report(target, target.clients[number % target.clients.length] ?? '', number, dueMs);
  }

  private async report(target: Target, id: string, number: number, dueMs: number): Promise<void> {
    const time = Date.now() / 1_000;
    const line = await this.request(target, number, `IAMAT ${id} +34.068930-118.445127 ${time.toFixed(3)}`, dueMs);
    if (line === undefined) return;
    this.lineBytes += line.length + 1;
    this.lines += 1;
    this.acked.record(id, Number(time.toFixed(3)), performance.now());
  }

  private async query(target: Target, number: number, id: string, dueMs: number): Promise<void> {
    await this.request(target, number, `WHATSAT ${id} 0 0`, dueMs);
  }

  /** Sends a command over one of the connections of a member; resolves with an AT line, or undefined if there is none. */
  private async request(target: Target, number: number, command: string, dueMs: number): Promise<string | undefined> {
    const connection = target.connections[number % target.connections.length];
    try {
      const line = await connection?.request(command);
      if (target.isClosed) return undefined;
      this.responseMs.push(performance.now() - dueMs);
      this.responses += 1;
      if (line?.startsWith('AT ') === true) return line;
    } catch {
      // Counted below: the connection was closed.
    }
    if (!target.isClosed) this.wrongCount += 1;
    return undefined;
  }
}

/** Whether the command with this number is a query, so that queries are spread evenly. */
export function isQuery(number: number, share: number): boolean {
  return Math.floor((number + 1) * share) > Math.floor(number * share);
}

/** The clients that report to the member with an index: every client reports to one. */
export function clientsOf(member: number, members: number, clients: number): string[] {
  return Array.from({ length: Math.ceil((clients - member) / members) }, (_, index) =>
    clientId(member + index * members),
  );
}

function clientId(number: number): string {
  return `steady${String(number).padStart(7, '0')}`;
}
