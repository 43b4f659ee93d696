import type { SocketHost } from '../network/socket.js';

/** One run of a server's process. Everything that the process does goes through it. */
export class SimulatedProcess implements SocketHost {
  private state: 'running' | 'paused' | 'dead' = 'running';
  /** Work deferred while the process is paused, in order. */
  private deferredWork: (() => void)[] = [];

  /** @param name name of the server */
  constructor(readonly name: string) {}

  get life(): 'alive' | 'dead' {
    return this.state === 'dead' ? 'dead' : 'alive';
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  run(work: () => void): void {
    if (this.state === 'running') work();
    else if (this.state === 'paused') this.deferredWork.push(work);
  }

  /** Like SIGSTOP. */
  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  /** Like SIGCONT: deferred work runs now, late. */
  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    const waiting = this.deferredWork;
    this.deferredWork = [];
    for (const work of waiting) work();
  }

  /** Like SIGKILL. */
  kill(): void {
    this.state = 'dead';
    this.deferredWork = [];
  }
}
