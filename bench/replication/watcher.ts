import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How long a server may take to know what another one was told, in milliseconds. */
const knowsWithinMs = 10_000;

/** Watches one client at one server, and waits for one report of it at a time. */
export class Watcher {
  private rest = '';
  private awaited = '';
  private told: (atMs: number) => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => this.take(text));
  }

  static async connect(port: number, client: string): Promise<Watcher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const watcher = new Watcher(socket);
    socket.write(`WATCH ${client}\n`);
    await once(socket, 'data');
    return watcher;
  }

  /** When the server told of the report of that time, on the clock of `performance`. @throws if it does not in time */
  async tells(time: string): Promise<number> {
    this.awaited = time;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('a server was not told of a report')), knowsWithinMs);
    });
    try {
      return await Promise.race([new Promise<number>((resolve) => (this.told = resolve)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private take(text: string): void {
    const atMs = performance.now();
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (lines.some((line) => line.split(' ')[5] === this.awaited)) this.told(atMs);
  }
}
