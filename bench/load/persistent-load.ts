import type { Commands } from './commands.js';
import type { Load, Told } from './load.js';
import { LoadConnection } from './load-connection.js';
import type { Pacer } from './pacer.js';

/** Connections whose last reports are looked for at the end. */
const samples = 4;

/** More calls at once would not all be taken by those who listen. */
const openedAtOnce = 100;

/** Many commands on each of many connections. */
export class PersistentLoad implements Load {
  private connections: readonly LoadConnection[] = [];

  constructor(
    private readonly port: number,
    private readonly commands: Commands,
    private readonly pacer: Pacer,
    private readonly size: { readonly connections: number; readonly clients: number },
  ) {}

  get answers(): number {
    return this.pacer.answers;
  }

  get rounds(): number {
    return Math.min(...this.connections.map(({ rounds }) => rounds));
  }

  get wrong(): number {
    return this.connections.reduce((sum, { wrong }) => sum + wrong, 0);
  }

  get underWay(): number {
    return this.connections.reduce((sum, { underWay }) => sum + underWay, 0);
  }

  get latency() {
    return this.pacer.latency;
  }

  get lateness() {
    return this.pacer.lateness;
  }

  async start(): Promise<void> {
    const opened: LoadConnection[] = [];
    for (let first = 0; first < this.size.connections; first += openedAtOnce) {
      const count = Math.min(openedAtOnce, this.size.connections - first);
      opened.push(...(await Promise.all(Array.from({ length: count }, (_, index) => this.open(first + index)))));
    }
    this.connections = opened;
    this.pacer.begin(opened);
  }

  stop(): void {
    this.pacer.stop();
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  lastTold(): Told[] {
    return this.connections.slice(0, samples).flatMap(({ lastTold }) => lastTold ?? []);
  }

  /** Reports of one client come over one connection, so that none overtakes another. */
  private open(first: number): Promise<LoadConnection> {
    const { port, commands, pacer } = this;
    const { connections: step, clients } = this.size;
    const range = { first, step, count: Math.max(1, Math.floor(clients / step)) };
    return LoadConnection.open(port, commands, range, pacer.slots, (connection, count) =>
      pacer.answered(connection, count),
    );
  }
}
