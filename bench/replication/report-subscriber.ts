import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Timeout for a report to arrive, in milliseconds. */
const maxWaitMs = 10_000;

/** Subscribes to one client at one server, and waits for one report at a time. */
export class ReportSubscriber {
  private rest = '';
  private awaitedTime = '';
  private resolveAwaited: (atMs: number) => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => this.receive(text));
  }

  /** Connects and subscribes; resolves when the subscription is confirmed. */
  static async connect(port: number, client: string): Promise<ReportSubscriber> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const subscriber = new ReportSubscriber(socket);
    socket.write(`WATCH ${client}\n`);
    await once(socket, 'data');
    return subscriber;
  }

  /** Waits for the report with this time; returns its arrival on the clock of `performance`. @throws Error if it does not arrive in time */
  async waitForReport(time: string): Promise<number> {
    this.awaitedTime = time;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`report not received within ${maxWaitMs} ms`)), maxWaitMs);
    });
    try {
      return await Promise.race([new Promise<number>((resolve) => (this.resolveAwaited = resolve)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    const atMs = performance.now();
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (lines.some((line) => line.split(' ')[5] === this.awaitedTime)) this.resolveAwaited(atMs);
  }
}
