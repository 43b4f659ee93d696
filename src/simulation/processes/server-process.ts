import { fork, type ChildProcess } from 'node:child_process';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { ServerPorts } from '../../runtime/host/hosted-server.js';
import { LauncherError, type RunningServer, type LaunchOptions } from '../real/launcher.js';
import { reviveReport, type InstrumentationRequest, type InstrumentationReport } from './instrumentation-messages.js';

/** Milliseconds within which a process must start or answer; generous, since the machine may be busy. */
const responseTimeoutMs = 30_000;

/** Characters of standard error, from its end, that are included in the exit reason. */
const shownErrorCharacters = 2_000;

/** The program that runs one instrumented server and exits with its parent. */
export interface InstrumentedProgram {
  readonly file: string;
  readonly environmentVariables: NodeJS.ProcessEnv;
  argumentsFor(
    server: ServerId,
    options: { readonly herdYaml: string; readonly upstreamUrl: string },
  ): readonly string[];
}

type InstrumentationResponse = Extract<InstrumentationReport, { kind: 'stored-location' | 'store-digest' }>;

/** A request that the process has not answered. */
interface PendingRequest {
  readonly resolve: (answer: InstrumentationResponse) => void;
  readonly reject: (error: LauncherError) => void;
}

/** One process that runs one server, from start to exit. */
export class ServerProcess implements RunningServer {
  /** Resolves when it accepts clients; with the reason if it fails to start. */
  readonly started: Promise<string | undefined>;
  /** Resolves when it has exited and all its reports have been processed. */
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly pendingRequests = new Map<number, PendingRequest>();
  private requestCount = 0;
  private openPorts: ServerPorts | undefined;
  private state: 'starting' | 'running' | 'ending' = 'starting';
  private errorText = '';
  private exitReason: string | undefined;
  private resolveStarted: (cannot: string | undefined) => void = () => undefined;

  constructor(
    program: InstrumentedProgram,
    private readonly options: LaunchOptions,
  ) {
    this.started = new Promise((resolve) => (this.resolveStarted = resolve));
    const child = fork(program.file, [...program.argumentsFor(options.server, options)], {
      env: program.environmentVariables,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.errorText = `${this.errorText}${chunk.toString()}`.slice(-shownErrorCharacters);
    });
    child.on('message', (message) => this.handleReport(reviveReport(message as InstrumentationReport)));
    const late = setTimeout(() => this.fail('not started in time'), responseTimeoutMs);
    this.exited = this.waitForExit().finally(() => clearTimeout(late));
    void this.started.then(() => clearTimeout(late));
  }

  get ports(): ServerPorts {
    if (this.openPorts === undefined) throw new Error(`${this.options.server} has not reported its ports`);
    return this.openPorts;
  }

  async kill(): Promise<void> {
    this.state = 'ending';
    this.signal('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<void> {
    this.state = 'ending';
    this.signal('SIGTERM');
    await this.exited;
  }

  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async readLocation(client: ClientId): Promise<Location | undefined> {
    const answer = await this.request((requestId) => ({ kind: 'read-location', requestId, client }));
    return answer.kind === 'stored-location' ? answer.location : undefined;
  }

  async readDigest(): Promise<string> {
    const answer = await this.request((requestId) => ({ kind: 'read-digest', requestId }));
    return answer.kind === 'store-digest' ? answer.digest : '';
  }

  private handleReport(report: InstrumentationReport): void {
    switch (report.kind) {
      case 'started':
        this.openPorts = report.ports;
        this.state = 'running';
        return this.resolveStarted(undefined);
      case 'down':
        this.exitReason = report.reason;
        return;
      case 'link':
      case 'nats':
        // Their states arrive as events, too.
        return;
      case 'event':
        return this.options.emit(report.event);
      case 'stored-location':
      case 'store-digest':
        this.pendingRequests.get(report.requestId)?.resolve(report);
        this.pendingRequests.delete(report.requestId);
        return;
    }
  }

  private async waitForExit(): Promise<void> {
    const { child } = this;
    let exitText = '';
    const exited = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        exitText = error.message;
        if (child.pid === undefined) resolve();
      });
      child.on('exit', (status, signal) => {
        exitText = signal === null ? `exit status ${status ?? 0}` : `ended by ${signal}`;
        resolve();
      });
    });
    // Reports may still be in the channel after the exit.
    const disconnected = new Promise<void>((resolve) => child.on('disconnect', resolve));
    await exited;
    if (child.connected) await disconnected;
    const reason = [this.exitReason ?? exitText, this.errorText.trim()].filter((text) => text !== '').join('; ');
    for (const { reject } of this.pendingRequests.values())
      reject(new LauncherError(`${this.options.server} has exited: ${reason}`));
    this.pendingRequests.clear();
    if (this.state === 'running') this.options.onExit(reason);
    else this.resolveStarted(reason);
  }

  private fail(reason: string): void {
    this.exitReason = reason;
    this.signal('SIGKILL');
  }

  private request(createRequest: (requestId: number) => InstrumentationRequest): Promise<InstrumentationResponse> {
    const requestId = (this.requestCount += 1);
    const response = this.awaitResponse(requestId);
    this.child.send(createRequest(requestId));
    return response;
  }

  private awaitResponse(requestId: number): Promise<InstrumentationResponse> {
    const { server } = this.options;
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(
        () =>
          reject(new LauncherError(`${server} has not answered a store request within ${responseTimeoutMs / 1_000} s`)),
        responseTimeoutMs,
      );
      this.pendingRequests.set(requestId, {
        resolve: (report) => {
          clearTimeout(timeout);
          resolve(report);
        },
        reject: (error) => {
          clearTimeout(timeout);
          reject(error);
        },
      });
    });
  }
}
