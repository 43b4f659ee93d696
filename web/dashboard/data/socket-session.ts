import { token } from '../panels/token.js';

/** What becomes of a conversation. */
export type ConnectionState = 'opening' | 'open' | 'closed';

/** How many lines wait for the connection to open. */
const maxQueued = 100;

/** Speaks the protocol with one server over WebSocket: one command a message, one answer or change a message. Opens when it is needed. */
export class SocketSession {
  private socket: WebSocket | undefined;
  private queue: string[] = [];

  /** @param onResponse is told each answer, its bytes as text */
  constructor(
    private readonly httpUrl: string,
    private readonly onResponse: (answer: string) => void,
    private readonly onState: (mood: ConnectionState) => void = () => undefined,
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

/** How long an answer is waited for: longer than the upstream may take. */
const responseTimeoutMs = 10_000;

/**
 * Asks a server one thing over a connection of its own.
 * @throws if there is no answer
 */
export function queryOnce(httpUrl: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(), responseTimeoutMs);
    const fail = (): void => {
      clearTimeout(timer);
      session.close();
      reject(new Error('the server did not answer'));
    };
    const session = new SocketSession(
      httpUrl,
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
        session.close();
      },
      (state) => state === 'closed' && fail(),
    );
    session.send(line);
  });
}
