import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../actors/ports/clock.js';

/** Between two looks whether a file descriptor is left, in milliseconds. */
const checkIntervalMs = 1_000;

/** Looks in a row that must succeed until a shortage is over: at the limit one may succeed by chance. */
const checksToRecover = 5;

/** The system's errors for want of descriptors: of the process, and of the machine. */
const shortageCodes: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * Finds out when a process has no file descriptor left. Linux tells a listening server nothing then: libuv closes the connections
 * that wait, and the callers see a connection that is closed at once. So it opens a file every second.
 */
export class DescriptorMonitor {
  private timer: unknown;
  private state: 'enough' | 'short' = 'enough';
  private checksLeft = 0;
  private isStopped = false;

  /**
   * @param onShortage is called with a sentence, once for each shortage
   * @param probe opens something that takes a descriptor
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

  /** A connection could not be accepted, or a file not be opened. */
  recordFailure({ code }: NodeJS.ErrnoException): void {
    if (!shortageCodes.has(code)) return;
    this.checksLeft = checksToRecover;
    if (this.state === 'short') return;
    this.state = 'short';
    this.onShortage(`no file descriptor is left (${code ?? ''}): connections are refused; raise the limit (ulimit -n)`);
  }

  private async check(): Promise<void> {
    try {
      const handle = await this.probe();
      await handle.close();
      this.checksLeft -= 1;
      if (this.checksLeft <= 0) this.state = 'enough';
    } catch (error) {
      this.recordFailure(error as NodeJS.ErrnoException);
    }
    if (!this.isStopped) this.start();
  }
}
