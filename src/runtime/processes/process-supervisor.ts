import { fork, type ChildProcess } from 'node:child_process';
import { createActor, toPromise, type Actor as Machine } from 'xstate';
import type { Clock } from '../../actors/ports/clock.js';
import type { Random } from '../../actors/ports/random.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { StatusReport } from '../host/herd-status.js';
import { processMachine } from './process-machine.js';

/** Dependencies of a process supervisor. */
export interface ProcessSupervisorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Program that runs one server and sends `StatusReport`s to its parent. */
  readonly program: {
    readonly file: string;
    readonly environment: NodeJS.ProcessEnv;
    argumentsFor(server: ServerId): readonly string[];
  };
  readonly onReport: (report: StatusReport) => void;
}

/** Runs each server in a process of its own and restarts processes that exit. */
export class ProcessSupervisor {
  private readonly machines = new Map<ServerId, Machine<typeof processMachine>>();
  private readonly children = new Map<ServerId, ChildProcess>();
  /** Reasons of servers that exited before any server was listening. */
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
   * Starts the processes. Resolves when all have exited after `stop`.
   * @throws if none of the servers can be started, which needs an operator
   */
  async run(): Promise<void> {
    const startFailure = new Promise<never>((_, reject) => (this.rejectRun = reject));
    for (const machine of this.machines.values()) machine.start();
    const ends = [...this.machines.values()].map((machine) => toPromise(machine));
    await Promise.race([Promise.all(ends), startFailure]);
  }

  /** Stops all processes; resolves when they have exited. */
  async stop(): Promise<void> {
    this.state = 'stopping';
    for (const machine of this.machines.values()) machine.send({ type: 'STOP' });
    await Promise.all([...this.machines.values()].map((machine) => toPromise(machine)));
  }

  /** Sends a signal to all processes. */
  signal(signal: NodeJS.Signals): void {
    for (const child of this.children.values()) child.kill(signal);
  }

  /** Kills all processes. */
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
    // The reason that the process reports is more useful than its exit status.
    let reportedReason: string | undefined;
    const recordExit = (exitReason: string) => {
      // A process that cannot be created may emit both 'error' and 'exit'.
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
