import { LauncherError, type ServerLauncher, type RunningServer, type LaunchOptions } from '../real/launcher.js';
import { ServerProcess, type InstrumentedProgram } from './server-process.js';

/** Runs one process per server, with the real command. Faults of servers are signals. */
export class ProcessLauncher implements ServerLauncher {
  readonly environment = 'processes';
  private readonly running = new Set<ServerProcess>();

  constructor(private readonly program: InstrumentedProgram) {}

  unsupportedReason(): undefined {
    return undefined;
  }

  async launch(options: LaunchOptions): Promise<RunningServer> {
    const serverProcess = new ServerProcess(this.program, options);
    this.running.add(serverProcess);
    void serverProcess.exited.then(() => this.running.delete(serverProcess));
    const failureReason = await serverProcess.started;
    if (failureReason !== undefined) throw new LauncherError(`${options.server} cannot be started: ${failureReason}`);
    return serverProcess;
  }

  killAll(): void {
    for (const run of this.running) run.signal('SIGKILL');
  }
}
