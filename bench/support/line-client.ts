import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client of one server with any number of commands in flight. */
export class LineClient {
  private readonly pending: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] =
    [];
  private rest = '';
  private isClosed = false;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      for (const { reject } of this.pending.splice(0)) reject(new Error('connection closed'));
    });
  }

  /** Connects to a port. @throws Error if the server cannot be reached */
  static async connect(port: number): Promise<LineClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  /** Sends a command; resolves with the first line of its response that is not JSON. */
  request(command: string): Promise<string> {
    if (this.isClosed) return Promise.reject(new Error('connection closed'));
    this.socket.write(`${command}\n`, 'latin1');
    return new Promise((resolve, reject) => this.pending.push({ resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (!line.startsWith('{')) this.pending.shift()?.resolve(line);
  }
}

/** Queries the AT line that a server stores for a client, without an upstream request; undefined if the client is unknown. */
export async function queryLocation(client: LineClient, id: string): Promise<string | undefined> {
  const response = await client.request(`WHATSAT ${id} 0 0`);
  return response.startsWith('AT ') ? response : undefined;
}
