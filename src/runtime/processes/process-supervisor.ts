import { fork, type ChildProcess } from 'node:child_process';
import { createActor, toPromise, type Actor as Machine } from 'xstate';
import type { Clock } from '../../actors/ports/clock.js';
import type { Random } from '../../actors/ports/random.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { StatusReport } from '../host/herd-status.js';
import { processMachine } from './process-machine.js';

/** What the supervisor of processes needs. */
export interface ProcessSupervisorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The program that serves one server and sends its `StatusReport`s to its parent, its environment and arguments. */
  readonly program: {
    readonly file: string;
    readonly environment: NodeJS.ProcessEnv;
    argumentsFor(server: ServerId): readonly string[];
  };
  readonly onReport: (report: StatusReport) => void;
}

/** Runs one process a server, and starts those again that die. */
export class ProcessSupervisor {
  private readonly machines = new Map<ServerId, Machine<typeof processMachine>>();
  private readonly children = new Map<ServerId, ChildProcess>();
  /** Why servers ended that never listened, while no server has. */
  private readonly startFailures = new Map<ServerId, string>();
  private state: 'starting' | 'running' | 'stopping' = 'starting';
  private rejectRun: (error: Error) => void = () => undefined;

  constructor(
    private readonly options: ProcessSupervisorOptions,
    servers: readonly ServerId[],
  ) {
    for (const server of servers) this.machines.set(server, this.createMachine(server));
  }

  /**
   * Starts the processes. Resolves when all have ended because they were stopped.
   * @throws when none of the servers can be started: what keeps all of them needs a person
   */
  async run(): Promise<void> {
    const startFailure = new Promise<never>((_, reject) => (this.rejectRun = reject));
    for (const machine of this.machines.values()) machine.start();
    const ends = [...this.machines.values()].map((machine) => toPromise(machine));
    await Promise.race([Promise.all(ends), startFailure]);
  }

  /** Tells all to stop; resolves when they are gone. */
  async stop(): Promise<void> {
    this.state = 'stopping';
    for (const machine of this.machines.values()) machine.send({ type: 'STOP' });
    await Promise.all([...this.machines.values()].map((machine) => toPromise(machine)));
  }

  /** Passes a signal on to all. */
  signal(signal: NodeJS.Signals): void {
    for (const child of this.children.values()) child.kill(signal);
  }

  /** Ends all at once. */
  kill(): void {
    for (const child of this.children.values()) child.kill('SIGKILL');
  }

  private createMachine(server: ServerId): Machine<typeof processMachine> {
    const { clock, random } = this.options;
    const machine = createActor(
      processMachine.provide({
        actions: {
          spawn: () => this.spawn(server),
          terminate: () => this.children.get(server)?.kill('SIGTERM'),
          kill: () => this.children.get(server)?.kill('SIGKILL'),
        },
      }),
      { clock, input: { random } },
    );
    return machine;
  }

  private recordStartFailure(server: ServerId, reason: string): void {
    this.startFailures.set(server, reason);
    if (this.startFailures.size < this.machines.size) return;
    for (const machine of this.machines.values()) machine.send({ type: 'STOP' });
    const texts = [...this.startFailures].map(
      ([failedServer, failure]) => `${failedServer} cannot be started: ${failure}`,
    );
    this.rejectRun(new Error(texts.join('\n')));
  }

  private spawn(server: ServerId): void {
    const { program, onReport } = this.options;
    const child = fork(program.file, [...program.argumentsFor(server)], { env: program.environment });
    this.children.set(server, child);
    // What the process itself says of its end tells people more than its exit status.
    let reportedReason: string | undefined;
    const recordExit = (exitReason: string) => {
      // A process that could not be made tells of it twice.
      if (this.children.get(server) !== child) return;
      const reason = reportedReason ?? exitReason;
      this.children.delete(server);
      onReport({ kind: 'down', server, reason });
      this.machines.get(server)?.send({ type: 'EXITED' });
      if (this.state === 'starting') this.recordStartFailure(server, reason);
    };
    child.on('message', (message) => {
      const report = message as StatusReport;
      reportedReason = report.kind === 'down' ? report.reason : undefined;
      if (report.kind !== 'down') onReport(report);
      if (report.kind === 'started') {
        if (this.state === 'starting') this.state = 'running';
        this.machines.get(server)?.send({ type: 'STARTED' });
      }
    });
    child.on('error', (error) => recordExit(error.message));
    child.on('exit', (code, signal) => recordExit(signal === null ? `exit status ${code ?? 0}` : `ended by ${signal}`));
  }
}
