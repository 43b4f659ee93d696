import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { withTimeout } from './eventually.js';

/** Half-open: a server that closes its side first is no reason to close ours. */
function connectOptions(port: number): { host: string; port: number; noDelay: true; allowHalfOpen: true } {
  return { host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true };
}

/**
 * A client of a server, as simple as they come. What it sends and gets are bytes, one a character (latin1), so that a test
 * compares to the byte; `entrySizeBytes` makes such a text of what people write.
 */
export class Client {
  private receivedLines: ByteString[] = [];
  /** What came after the last line end. */
  private partial: ByteString = '';
  private readonly listeners = new Set<() => void>();
  private state: 'open' | 'ended' = 'open';

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      const lines = (this.partial + chunk.toString('latin1')).split('\n');
      this.partial = lines.pop() ?? '';
      this.receivedLines.push(...lines);
      this.notifyListeners();
    });
    const end = () => {
      this.state = 'ended';
      this.notifyListeners();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', () => undefined);
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<Client> {
    return Client.begin(connect(connectOptions(port)), 'connect');
  }

  /** Connects to a port of this machine over TLS. The server must show a certificate of that name from the authority. */
  static async connectTls(port: number, { ca, server }: { ca: string; server: string }): Promise<Client> {
    const options: ConnectionOptions = { ...connectOptions(port), ca: readFileSync(ca), servername: server };
    return Client.begin(connectTls(options), 'secureConnect');
  }

  private static async begin(socket: Socket, open: 'connect' | 'secureConnect'): Promise<Client> {
    try {
      await withTimeout(once(socket, open), 'a connection');
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new Client(socket);
  }

  /** Sends bytes, as they are. */
  send(bytes: ByteString): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Sends a command and returns the first line of its answer. */
  async request(command: ByteString, withinMs?: number): Promise<ByteString> {
    this.send(`${command}\n`);
    return this.line(withinMs);
  }

  /** The next line that the server sends, without its line end. */
  async line(withinMs?: number): Promise<ByteString> {
    await this.waitUntil(() => this.receivedLines.length > 0 || this.state === 'ended', 'a line', withinMs);
    const line = this.receivedLines.shift();
    if (line === undefined) throw new Error('the server closed the connection instead of sending a line');
    return line;
  }

  /** The next lines that the server sends. */
  async lines(count: number, withinMs?: number): Promise<ByteString[]> {
    await this.waitUntil(
      () => this.receivedLines.length >= count || this.state === 'ended',
      `${count} lines`,
      withinMs,
    );
    if (this.receivedLines.length < count) {
      throw new Error(`the server closed the connection after ${this.receivedLines.length} of ${count} lines`);
    }
    return this.receivedLines.splice(0, count);
  }

  /** How many lines are here that nobody has taken. */
  get unreadLineCount(): number {
    return this.receivedLines.length;
  }

  /** Sends bytes, says that there will be no more, and returns everything until the server closes. */
  async sendAll(bytes: ByteString, withinMs?: number): Promise<ByteString> {
    this.send(bytes);
    this.socket.end();
    return this.readToEnd(withinMs);
  }

  /** Everything from here on until the server closes. */
  async readToEnd(withinMs?: number): Promise<ByteString> {
    await this.waitUntil(() => this.state === 'ended', 'the end of the answers', withinMs);
    const text = this.receivedLines.map((line) => `${line}\n`).join('') + this.partial;
    this.receivedLines = [];
    this.partial = '';
    return text;
  }

  /** Ends the connection. */
  close(): void {
    this.socket.destroy();
  }

  private async waitUntil(condition: () => boolean, what: string, withinMs?: number): Promise<void> {
    const holds = new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.listeners.delete(check);
        resolve();
      };
      this.listeners.add(check);
      check();
    });
    await withTimeout(holds, () => `${what} from the server; ${this.receivedLines.length} are here`, withinMs);
  }

  private notifyListeners(): void {
    for (const listener of this.listeners) listener();
  }
}
