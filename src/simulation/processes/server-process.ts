import { fork, type ChildProcess } from 'node:child_process';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { ServerPorts } from '../../runtime/host/hosted-server.js';
import { HostingError, type RunningServer, type Start } from '../real/launcher.js';
import type { WatchedProgram } from './process-hosting.js';
import { reviveReport, type WatchQuestion, type WatchReport } from './instrumentation-messages.js';

/** How long a process may take to start, or to say what it holds, in milliseconds: a busy machine may keep it waiting. */
const answerWithinMs = 30_000;

/** As much of what a process wrote on standard error as is told of its end: its last characters. */
const errorShown = 2_000;

type WatchAnswer = Extract<WatchReport, { kind: 'held' | 'digested' }>;

/** A question that the process has not answered. */
interface Asked {
  readonly resolve: (answer: WatchAnswer) => void;
  readonly reject: (error: HostingError) => void;
}

/** One process that serves one server, from its start to its end. */
export class ServerProcess implements RunningServer {
  /** Resolves when it takes clients; with the reason if it will not. */
  readonly started: Promise<string | undefined>;
  /** Resolves when it has ended, and everything that it told has been heard. */
  readonly gone: Promise<void>;
  private readonly child: ChildProcess;
  private readonly asked = new Map<number, Asked>();
  private questions = 0;
  private opened: ServerPorts | undefined;
  private state: 'starting' | 'running' | 'to be gone' = 'starting';
  private errorText = '';
  private lastWords: string | undefined;
  private noteStarted: (cannot: string | undefined) => void = () => undefined;

  constructor(
    program: WatchedProgram,
    private readonly start: Start,
  ) {
    this.started = new Promise((resolve) => (this.noteStarted = resolve));
    const child = fork(program.file, [...program.argumentsFor(start.server, start)], {
      env: program.environment,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.errorText = `${this.errorText}${chunk.toString()}`.slice(-errorShown);
    });
    child.on('message', (message) => this.hear(reviveReport(message as WatchReport)));
    const late = setTimeout(() => this.fail('it has not started in time'), answerWithinMs);
    this.gone = this.end().finally(() => clearTimeout(late));
    void this.started.then(() => clearTimeout(late));
  }

  get ports(): ServerPorts {
    if (this.opened === undefined) throw new Error(`${this.start.server} has not said where it listens`);
    return this.opened;
  }

  async kill(): Promise<void> {
    this.state = 'to be gone';
    this.signal('SIGKILL');
    await this.gone;
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

  async holds(client: ClientId): Promise<Location | undefined> {
    const answer = await this.ask((question) => ({ kind: 'holds', question, client }));
    return answer.kind === 'held' ? answer.location : undefined;
  }

  async digest(): Promise<string> {
    const answer = await this.ask((question) => ({ kind: 'digest', question }));
    return answer.kind === 'digested' ? answer.digest : '';
  }

  private hear(report: WatchReport): void {
    switch (report.kind) {
      case 'started':
        this.opened = report.ports;
        this.state = 'running';
        return this.noteStarted(undefined);
      case 'down':
        this.lastWords = report.reason;
        return;
      case 'link':
      case 'bucket':
        // They stand among what is seen as well.
        return;
      case 'seen':
        return this.start.tell(report.event);
      case 'held':
      case 'digested':
        this.asked.get(report.question)?.resolve(report);
        this.asked.delete(report.question);
        return;
    }
  }

  private async end(): Promise<void> {
    const { child } = this;
    let how = '';
    const exited = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        how = error.message;
        if (child.pid === undefined) resolve();
      });
      child.on('exit', (status, signal) => {
        how = signal === null ? `exit status ${status ?? 0}` : `ended by ${signal}`;
        resolve();
      });
    });
    // What it told last is still in the channel when it is gone.
    const heard = new Promise<void>((resolve) => child.on('disconnect', resolve));
    await exited;
    if (child.connected) await heard;
    const reason = [this.lastWords ?? how, this.errorText.trim()].filter((text) => text !== '').join('; ');
    for (const { reject } of this.asked.values()) reject(new HostingError(`${this.start.server} is gone: ${reason}`));
    this.asked.clear();
    if (this.state === 'running') this.start.onEnded(reason);
    else this.noteStarted(reason);
  }

  private fail(reason: string): void {
    this.lastWords = reason;
    this.signal('SIGKILL');
  }

  private ask(questionOf: (question: number) => WatchQuestion): Promise<WatchAnswer> {
    const question = (this.questions += 1);
    const answer = this.answerTo(question);
    this.child.send(questionOf(question));
    return answer;
  }

  private answerTo(question: number): Promise<WatchAnswer> {
    const { server } = this.start;
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new HostingError(`${server} does not say what it holds, for ${answerWithinMs / 1_000} s`)),
        answerWithinMs,
      );
      this.asked.set(question, {
        resolve: (report) => {
          clearTimeout(late);
          resolve(report);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      });
    });
  }
}
