import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';

/** What listens for clients and says what a test tells it to. */
export class FakeServer {
  /** The lines that came, of all connections. */
  readonly receivedLines: string[] = [];
  private readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    answer: (line: string) => string,
  ) {
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\n').slice(0, -1)) {
          this.receivedLines.push(line);
          socket.write(answer(line));
        }
      });
    });
  }

  /** @param answer what is said to each line that comes; nothing, unless it is given */
  static async listen(answer: (line: string) => string = () => '', port = 0): Promise<FakeServer> {
    const server = createServer().listen({ host: '127.0.0.1', port });
    await once(server, 'listening');
    return new FakeServer(server, answer);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.sockets.length;
  }

  /** Says something on the newest connection. */
  send(text: string): void {
    this.sockets.at(-1)?.write(text);
  }

  async waitForLines(count: number): Promise<void> {
    await eventually(`${count} lines came`, () => this.receivedLines.length >= count);
  }

  /** Ends all connections. */
  closeConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.closeConnections();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
