import type { ServerId } from '../../protocol/place/ids.js';
import { LauncherError, type ServerLauncher, type RunningServer, type LaunchOptions } from '../real/launcher.js';
import { ServerProcess } from './server-process.js';

/** The program that serves one server, is watched by its parent, and ends with it. */
export interface InstrumentedProgram {
  readonly file: string;
  readonly environmentVariables: NodeJS.ProcessEnv;
  argumentsFor(
    server: ServerId,
    options: { readonly herdYaml: string; readonly upstreamUrl: string },
  ): readonly string[];
}

/** One process a server, of the real command; what the story does to servers is done by signals. */
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
