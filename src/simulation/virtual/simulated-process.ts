import type { SocketHost } from '../network/socket.js';

/** One run of a server's process, from its start to its end: everything it does goes through here. */
export class SimulatedProcess implements SocketHost {
  private state: 'running' | 'paused' | 'dead' = 'running';
  /** What would have been done while the process was paused, in order. */
  private deferredWork: (() => void)[] = [];

  /** @param name the server's */
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

  /** As by SIGSTOP. */
  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  /** As by SIGCONT: what was due meanwhile is done now, late. */
  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    const waiting = this.deferredWork;
    this.deferredWork = [];
    for (const work of waiting) work();
  }

  /** As by SIGKILL. */
  kill(): void {
    this.state = 'dead';
    this.deferredWork = [];
  }
}
