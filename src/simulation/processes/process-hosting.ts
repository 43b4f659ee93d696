import type { ServerId } from '../../protocol/place/ids.js';
import { HostingError, type Hosting, type RunningServer, type Start } from '../real/launcher.js';
import { ServerProcess } from './server-process.js';

/** The program that serves one server, is watched by its parent, and ends with it. */
export interface WatchedProgram {
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  argumentsFor(server: ServerId, places: { readonly file: string; readonly upstreamUrl: string }): readonly string[];
}

/** One process a server, of the real command; what the story does to servers is done by signals. */
export class ProcessHosting implements Hosting {
  readonly world = 'processes';
  private readonly running = new Set<ServerProcess>();

  constructor(private readonly program: WatchedProgram) {}

  refusal(): undefined {
    return undefined;
  }

  async start(start: Start): Promise<RunningServer> {
    const run = new ServerProcess(this.program, start);
    this.running.add(run);
    void run.gone.then(() => this.running.delete(run));
    const cannot = await run.started;
    if (cannot !== undefined) throw new HostingError(`${start.server} cannot be started: ${cannot}`);
    return run;
  }

  abandon(): void {
    for (const run of this.running) run.signal('SIGKILL');
  }
}
