import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { readQuantiles } from './quantiles.js';
import type { LoadJob, Quantiles } from './load-job.js';

/** Number of connections opened at once; more could overflow the listen backlog. */
const openConcurrency = 100;

/** Subscribed connections, each to clients of its own, which measure the delay from the time a report was due. */
export class Watchers {
  /** Number of changes received that the load has reported. */
  received = 0;
  private readonly histogram = createHistogram();
  private sockets: readonly Socket[] = [];

  /** @param dueMs time at which the report with a stamp was due, on the clock of `performance` */
  private constructor(
    private readonly seconds: number,
    private readonly dueMs: (stamp: number) => number,
  ) {}

  /** Opens the connections; resolves when the subscriptions are confirmed. @throws Error if one is rejected */
  static async start(
    { port, watchers }: Pick<LoadJob, 'port' | 'watchers'>,
    seconds: number,
    dueMs: (stamp: number) => number,
  ): Promise<Watchers> {
    const fleet = new Watchers(seconds, dueMs);
    const { connections, clientsEach } = watchers ?? { connections: 0, clientsEach: 0 };
    const opened: Socket[] = [];
    for (let first = 0; first < connections; first += openConcurrency) {
      const numbers = Array.from(
        { length: Math.min(openConcurrency, connections - first) },
        (_, index) => first + index,
      );
      opened.push(...(await Promise.all(numbers.map((number) => fleet.open(port, number * clientsEach, clientsEach)))));
    }
    fleet.sockets = opened;
    return fleet;
  }

  reset(): void {
    this.histogram.reset();
  }

  quantiles(): Quantiles | undefined {
    return readQuantiles(this.histogram);
  }

  /** Resets the connections: a subscriber that only closes its side would stay subscribed. */
  close(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  private async open(port: number, firstClient: number, count: number): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const ids = Array.from({ length: count }, (_, index) => `phone${String(firstClient + index).padStart(7, '0')}`);
    await new Promise<void>((resolve, reject) => {
      let [rest, confirmed] = ['', 0];
      socket.on('close', () => reject(new Error('a subscribed connection was closed')));
      socket.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        const nowMs = performance.now();
        for (const line of lines) {
          if (line.startsWith('AT ')) this.record(line, nowMs);
          else if (!line.startsWith('WATCHING ')) reject(new Error(`subscription rejected: ${line}`));
          else if ((confirmed += 1) === count) resolve();
        }
      });
      socket.write(ids.map((id) => `WATCH ${id}\n`).join(''));
    });
    return socket;
  }

  private record(line: string, nowMs: number): void {
    const stamp = readStamp(line, this.seconds);
    if (stamp === undefined) return;
    this.received += 1;
    this.histogram.record(Math.max(1, Math.round((nowMs - this.dueMs(stamp)) * 1_000)));
  }
}

/** Stamp of an AT line of the job whose reports have these seconds; undefined if the line is of another job. */
export function readStamp(line: string, seconds: number): number | undefined {
  const [jobSeconds, stamp] = line.slice(line.lastIndexOf(' ') + 1).split('.');
  return Number(jobSeconds) === seconds && stamp?.length === 9 ? Number(stamp) : undefined;
}
