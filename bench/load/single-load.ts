import { connect } from 'node:net';
import type { Load, Told } from './load.js';
import type { Progress } from './progress.js';

/** A connection for each command, so many at once: connect, report, read the answer, close. */
export class SingleLoad implements Load {
  answers = 0;
  wrong = 0;
  underWay = 0;
  private sent = 0;
  private state: 'running' | 'stopped' = 'running';
  private last: Told | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: number,
    private readonly size: { readonly connections: number; readonly clients: number },
    private readonly seconds: number,
    private readonly progress: Progress | undefined,
  ) {}

  get rounds(): number {
    return Math.floor((this.sent - this.underWay) / this.size.clients);
  }

  start(): Promise<void> {
    this.fill();
    this.timer = setInterval(() => this.fill(), 5);
    return Promise.resolve();
  }

  stop(): void {
    this.state = 'stopped';
    clearInterval(this.timer);
  }

  close(): void {
    this.stop();
  }

  lastTold(): Told[] {
    return this.last === undefined ? [] : [this.last];
  }

  private fill(): void {
    while (this.state === 'running' && this.underWay < this.size.connections) {
      if (this.progress?.isBehind === true) return;
      this.one();
    }
  }

  private one(): void {
    this.sent += 1;
    this.underWay += 1;
    const client = `phone${String(this.sent % this.size.clients).padStart(7, '0')}`;
    const time = `${this.seconds}.${String(this.sent).padStart(9, '0')}`;
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.write(`IAMAT ${client} +34.068930-118.445127 ${time}\n`);
    let outcome: 'none' | 'answered' = 'none';
    socket.on('data', (bytes) => {
      if (bytes[0] === 65 && bytes.at(-1) === 10) outcome = 'answered';
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.underWay -= 1;
      if (outcome === 'none') this.wrong += 1;
      else {
        this.answers += 1;
        this.last = { client, time };
      }
      this.fill();
    });
  }
}
