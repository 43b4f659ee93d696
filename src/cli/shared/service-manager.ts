import { execFile } from 'node:child_process';
import { warn } from './output.js';

/** How long a word to the service manager may take, in milliseconds. */
const notifyTimeoutMs = 5_000;

/**
 * The service manager that started this process and wants to hear how it is (sd_notify(3)), if one did. Node has no datagram
 * sockets of Unix, so systemd's own `systemd-notify` says it; the unit must have `NotifyAccess=all` for that.
 */
export class ServiceManager {
  private watchdog: NodeJS.Timeout | undefined;
  private trouble: 'none' | 'said' = 'none';

  /** @param environment says whether there is one, and how often it wants a sign of life */
  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  /** The servers take clients. From here on there are signs of life, as long as the event loop turns. */
  ready(): void {
    this.notify('READY=1');
    const intervalMs = parseWatchdogMs(this.environment) / 2;
    if (intervalMs > 0) this.watchdog = setInterval(() => this.notify('WATCHDOG=1'), intervalMs);
  }

  /** The servers answer who is there, and end. The signs of life go on: that may hang, too. */
  stopping(): void {
    this.notify('STOPPING=1');
    this.watchdog?.unref();
  }

  private notify(state: string): void {
    if ((this.environment['NOTIFY_SOCKET'] ?? '') === '') return;
    execFile('systemd-notify', [state], { timeout: notifyTimeoutMs }, (error) => {
      if (error === null || this.trouble === 'said') return;
      this.trouble = 'said';
      warn(`the service manager cannot be told ${state}: ${error.message.trim()}`);
    });
  }
}

/** How long a process may give no sign of life, in milliseconds; 0 where nobody watches this one (sd_watchdog_enabled(3)). */
function parseWatchdogMs(environment: NodeJS.ProcessEnv): number {
  const watchedPid = environment['WATCHDOG_PID'] ?? String(process.pid);
  const ms = Number(environment['WATCHDOG_USEC'] ?? '0') / 1_000;
  return watchedPid === String(process.pid) && ms > 0 ? ms : 0;
}
