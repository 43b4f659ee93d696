import { token } from '../panels/token.js';

/** What becomes of a conversation. */
export type Mood = 'opening' | 'open' | 'closed';

/** How many lines wait for the connection to open. */
const waitingMax = 100;

/** Speaks the protocol with one server over WebSocket: one command a message, one answer or change a message. Opens when it is needed. */
export class Conversation {
  private socket: WebSocket | undefined;
  private waiting: string[] = [];

  /** @param hear is told each answer, its bytes as text */
  constructor(
    private readonly httpUrl: string,
    private readonly hear: (answer: string) => void,
    private readonly turn: (mood: Mood) => void = () => undefined,
  ) {}

  say(line: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) return this.socket.send(line);
    if (this.waiting.length < waitingMax) this.waiting.push(line);
    this.socket ??= this.open();
  }

  end(): void {
    this.socket?.close();
  }

  private open(): WebSocket {
    this.turn('opening');
    const socket = new WebSocket(`${this.httpUrl.replace(/^http/, 'ws')}/ws`, token.protocols);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.turn('open');
      for (const line of this.waiting.splice(0)) socket.send(line);
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
      this.hear(typeof data === 'string' ? data : new TextDecoder().decode(data)),
    );
    socket.addEventListener('close', () => {
      this.socket = undefined;
      this.waiting = [];
      this.turn('closed');
    });
    return socket;
  }
}

/** How long an answer is waited for: longer than the upstream may take. */
const answerWithinMs = 10_000;

/**
 * Asks a server one thing over a connection of its own.
 * @throws if there is no answer
 */
export function ask(httpUrl: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const give = setTimeout(() => fail(), answerWithinMs);
    const fail = (): void => {
      clearTimeout(give);
      conversation.end();
      reject(new Error('the server did not answer'));
    };
    const conversation = new Conversation(
      httpUrl,
      (answer) => {
        clearTimeout(give);
        resolve(answer);
        conversation.end();
      },
      (mood) => mood === 'closed' && fail(),
    );
    conversation.say(line);
  });
}
