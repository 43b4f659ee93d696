import { connect } from 'node:net';
import type { Load, AckedReport } from './load.js';
import type { PropagationProgress } from './propagation-progress.js';

/** Opens a connection per command, a fixed number at a time: connect, report, read the response, close. */
export class ConnectionPerCommandLoad implements Load {
  responses = 0;
  wrongCount = 0;
  pending = 0;
  private sent = 0;
  private isStopped = false;
  private lastReport: AckedReport | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: number,
    private readonly size: { readonly connections: number; readonly clients: number },
    private readonly seconds: number,
    private readonly progress: PropagationProgress | undefined,
  ) {}

  get rounds(): number {
    return Math.floor((this.sent - this.pending) / this.size.clients);
  }

  start(): Promise<void> {
    this.startConnections();
    this.timer = setInterval(() => this.startConnections(), 5);
    return Promise.resolve();
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
  }

  close(): void {
    this.stop();
  }

  lastReports(): AckedReport[] {
    return this.lastReport === undefined ? [] : [this.lastReport];
  }

  private startConnections(): void {
    while (!this.isStopped && this.pending < this.size.connections) {
      if (this.progress?.isBehind === true) return;
      this.sendOne();
    }
  }

  private sendOne(): void {
    this.sent += 1;
    this.pending += 1;
    const client = `phone${String(this.sent % this.size.clients).padStart(7, '0')}`;
    const time = `${this.seconds}.${String(this.sent).padStart(9, '0')}`;
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.write(`IAMAT ${client} +34.068930-118.445127 ${time}\n`);
    let isAnswered = false;
    socket.on('data', (bytes) => {
      if (bytes[0] === 65 && bytes.at(-1) === 10) isAnswered = true;
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.pending -= 1;
      if (!isAnswered) this.wrongCount += 1;
      else {
        this.responses += 1;
        this.lastReport = { client, time };
      }
      this.startConnections();
    });
  }
}
