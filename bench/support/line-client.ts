import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client of one server that may have any number of commands under way. */
export class LineClient {
  private readonly waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] =
    [];
  private rest = '';
  private state: 'open' | 'closed' = 'open';

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.take(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.state = 'closed';
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the connection is gone'));
    });
  }

  /** @throws if the server cannot be reached */
  static async connect(port: number): Promise<LineClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  /** Sends a command; resolves with the first line of its answer that is not JSON. */
  ask(command: string): Promise<string> {
    if (this.state === 'closed') return Promise.reject(new Error('the connection is gone'));
    this.socket.write(`${command}\n`, 'latin1');
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (!line.startsWith('{')) this.waiting.shift()?.resolve(line);
  }
}

/** The AT line that a server holds of a client; undefined if it knows nothing. Asks for nothing near it. */
export async function whereIs(client: LineClient, id: string): Promise<string | undefined> {
  const answer = await client.ask(`WHATSAT ${id} 0 0`);
  return answer.startsWith('AT ') ? answer : undefined;
}
