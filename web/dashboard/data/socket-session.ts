import { token } from './token.js';

/** State of a WebSocket session. */
export type ConnectionState = 'opening' | 'open' | 'closed';

/** Maximum number of lines queued until the connection is open. */
const maxQueued = 100;

/** WebSocket session with one server: one command, response or change per message. Connects on the first command. */
export class SocketSession {
  private socket: WebSocket | undefined;
  private queue: string[] = [];

  /** @param onResponse is called with each message, decoded as UTF-8 */
  constructor(
    private readonly httpUrl: string,
    private readonly onResponse: (response: string) => void,
    private readonly onState: (state: ConnectionState) => void = () => undefined,
  ) {}

  send(line: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) return this.socket.send(line);
    if (this.queue.length < maxQueued) this.queue.push(line);
    this.socket ??= this.open();
  }

  close(): void {
    this.socket?.close();
  }

  private open(): WebSocket {
    this.onState('opening');
    const socket = new WebSocket(`${this.httpUrl.replace(/^http/, 'ws')}/ws`, token.protocols);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.onState('open');
      for (const line of this.queue.splice(0)) socket.send(line);
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
      this.onResponse(typeof data === 'string' ? data : new TextDecoder().decode(data)),
    );
    socket.addEventListener('close', () => {
      this.socket = undefined;
      this.queue = [];
      this.onState('closed');
    });
    return socket;
  }
}

/** Response timeout in milliseconds: longer than the upstream deadline. */
const responseTimeoutMs = 10_000;

/**
 * Sends one command over a connection of its own.
 * @throws if no response arrives in time
 */
export function queryOnce(httpUrl: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(), responseTimeoutMs);
    const fail = (): void => {
      clearTimeout(timer);
      session.close();
      reject(new Error('no response from the server'));
    };
    const session = new SocketSession(
      httpUrl,
      (response) => {
        clearTimeout(timer);
        resolve(response);
        session.close();
      },
      (state) => state === 'closed' && fail(),
    );
    session.send(line);
  });
}
