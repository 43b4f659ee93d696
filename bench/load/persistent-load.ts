import type { CommandWriter } from './command-writer.js';
import type { Load, AckedReport } from './load.js';
import { LoadConnection } from './load-connection.js';
import type { Pacer } from './pacer.js';

/** Number of connections whose last reports are checked at the end. */
const sampledConnections = 4;

/** Number of connections opened at once; more could overflow the listen backlog. */
const openConcurrency = 100;

/** Sends commands over persistent connections, paced by a `Pacer`. */
export class PersistentLoad implements Load {
  private connections: readonly LoadConnection[] = [];

  constructor(
    private readonly port: number,
    private readonly commands: CommandWriter,
    private readonly pacer: Pacer,
    private readonly size: { readonly connections: number; readonly clients: number },
  ) {}

  get responses(): number {
    return this.pacer.responses;
  }

  get rounds(): number {
    return Math.min(...this.connections.map(({ rounds }) => rounds));
  }

  get wrongCount(): number {
    return this.connections.reduce((sum, { wrongCount }) => sum + wrongCount, 0);
  }

  get pending(): number {
    return this.connections.reduce((sum, { pending }) => sum + pending, 0);
  }

  get latency() {
    return this.pacer.latency;
  }

  get lateness() {
    return this.pacer.lateness;
  }

  /** In a load of reports only, the n-th command has the stamp n. */
  dueMs(stamp: number): number {
    return this.pacer.dueMs?.(stamp) ?? NaN;
  }

  async start(): Promise<void> {
    const opened: LoadConnection[] = [];
    for (let first = 0; first < this.size.connections; first += openConcurrency) {
      const count = Math.min(openConcurrency, this.size.connections - first);
      opened.push(...(await Promise.all(Array.from({ length: count }, (_, index) => this.open(first + index)))));
    }
    this.connections = opened;
    this.pacer.start(opened);
  }

  stop(): void {
    this.pacer.stop();
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  lastReports(): AckedReport[] {
    return this.connections.slice(0, sampledConnections).flatMap(({ lastReport }) => lastReport ?? []);
  }

  /** Each client belongs to one connection, so that its reports keep their order. */
  private open(first: number): Promise<LoadConnection> {
    const { port, commands, pacer } = this;
    const { connections: step, clients } = this.size;
    const range = { first, step, count: Math.max(1, Math.floor(clients / step)) };
    return LoadConnection.open(port, commands, range, pacer.slots, (connection, count) =>
      pacer.onResponses(connection, count),
    );
  }
}
