import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../actors/ports/clock.js';

/** Check interval in milliseconds. */
const checkIntervalMs = 1_000;

/** Successful checks in a row that end a shortage: at the limit a single one may succeed by chance. */
const checksToRecover = 5;

/** Errors for a lack of file descriptors: of the process, and of the machine. */
const shortageCodes: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * Detects when the process has no file descriptor left, by opening a file every second. On Linux a listening server gets no error
 * then: libuv accepts and closes the waiting connections.
 */
export class DescriptorMonitor {
  private timer: unknown;
  private isShort = false;
  private checksLeft = 0;
  private isStopped = false;

  /**
   * @param onShortage is called with a message, once per shortage
   * @param probe opens a file descriptor
   */
  constructor(
    private readonly clock: Clock,
    private readonly onShortage: (reason: string) => void,
    private readonly probe: () => Promise<Pick<FileHandle, 'close'>> = () => open('/dev/null'),
  ) {}

  start(): void {
    this.timer = this.clock.setTimeout(() => void this.check(), checkIntervalMs);
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.timer);
  }

  /** Records an error of accepting a connection or opening a file. */
  recordFailure({ code }: NodeJS.ErrnoException): void {
    if (!shortageCodes.has(code)) return;
    this.checksLeft = checksToRecover;
    if (this.isShort) return;
    this.isShort = true;
    this.onShortage(
      `out of file descriptors (${code ?? ''}): new connections are rejected; raise the limit (ulimit -n)`,
    );
  }

  private async check(): Promise<void> {
    try {
      const handle = await this.probe();
      await handle.close();
      this.checksLeft -= 1;
      if (this.checksLeft <= 0) this.isShort = false;
    } catch (error) {
      this.recordFailure(error as NodeJS.ErrnoException);
    }
    if (!this.isStopped) this.start();
  }
}
