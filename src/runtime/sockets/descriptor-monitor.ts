import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../actors/ports/clock.js';

/** Between two looks whether a file descriptor is left, in milliseconds. */
const lookEveryMs = 1_000;

/** Looks in a row that must succeed until a shortage is over: at the limit one may succeed by chance. */
const enoughLooks = 5;

/** The system's errors for want of descriptors: of the process, and of the machine. */
const shortages: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * Finds out when a process has no file descriptor left. Linux tells a listening server nothing then: libuv closes the connections
 * that wait, and the callers see a connection that is closed at once. So it opens a file every second.
 */
export class DescriptorWatch {
  private timer: unknown;
  private state: 'enough' | 'short' = 'enough';
  private looksLeft = 0;
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

  begin(): void {
    this.timer = this.clock.setTimeout(() => void this.look(), lookEveryMs);
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.timer);
  }

  /** A connection could not be accepted, or a file not be opened. */
  failed({ code }: NodeJS.ErrnoException): void {
    if (!shortages.has(code)) return;
    this.looksLeft = enoughLooks;
    if (this.state === 'short') return;
    this.state = 'short';
    this.onShortage(`no file descriptor is left (${code ?? ''}): connections are refused; raise the limit (ulimit -n)`);
  }

  private async look(): Promise<void> {
    try {
      const file = await this.probe();
      await file.close();
      this.looksLeft -= 1;
      if (this.looksLeft <= 0) this.state = 'enough';
    } catch (error) {
      this.failed(error as NodeJS.ErrnoException);
    }
    if (!this.isStopped) this.begin();
  }
}
