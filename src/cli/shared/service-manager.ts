import { execFile } from 'node:child_process';
import { warn } from './output.js';

/** Timeout of one notification in milliseconds. */
const notifyTimeoutMs = 5_000;

/**
 * Notifies the service manager that started this process, if any (sd_notify(3)). Node has no Unix datagram sockets, so the
 * notifications are sent by `systemd-notify`, which requires `NotifyAccess=all` in the unit.
 */
export class ServiceManager {
  private watchdog: NodeJS.Timeout | undefined;
  private hasWarned = false;

  /** @param environment holds the service manager's socket and the watchdog interval */
  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  /** Reports that the servers accept clients, and starts the watchdog notifications, which stop if the event loop blocks. */
  ready(): void {
    this.notify('READY=1');
    const intervalMs = parseWatchdogMs(this.environment) / 2;
    if (intervalMs > 0) this.watchdog = setInterval(() => this.notify('WATCHDOG=1'), intervalMs);
  }

  /** Reports that the servers are stopping. The watchdog notifications continue, since stopping may hang as well. */
  stopping(): void {
    this.notify('STOPPING=1');
    this.watchdog?.unref();
  }

  private notify(state: string): void {
    if ((this.environment['NOTIFY_SOCKET'] ?? '') === '') return;
    execFile('systemd-notify', [state], { timeout: notifyTimeoutMs }, (error) => {
      if (error === null || this.hasWarned) return;
      this.hasWarned = true;
      warn(`service manager not notified of ${state}: ${error.message.trim()}`);
    });
  }
}

/** Watchdog timeout in milliseconds; 0 if there is no watchdog for this process (sd_watchdog_enabled(3)). */
function parseWatchdogMs(environment: NodeJS.ProcessEnv): number {
  const watchedPid = environment['WATCHDOG_PID'] ?? String(process.pid);
  const ms = Number(environment['WATCHDOG_USEC'] ?? '0') / 1_000;
  return watchedPid === String(process.pid) && ms > 0 ? ms : 0;
}
