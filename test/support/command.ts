import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withTimeout } from './eventually.js';

const programs = {
  bundle: fileURLToPath(new URL('../../command/main.js', import.meta.url)),
  modules: fileURLToPath(new URL('../../src/cli/main.js', import.meta.url)),
};

/** As much of what a command printed as stands in a message of failure: its last characters. */
const maxShownCharacters = 4_000;

/** The command as users start it. */
export const herdProgram = programs.bundle;

const running = new Set<HerdCommand>();

/** How a command is started. */
export interface CommandOptions {
  /** The folder that it is started in. */
  readonly cwd: string;
  /** Its standard input, whole. None: it is open and empty for as long as the command runs. */
  readonly input?: string | Buffer;
  /** What its environment has besides this process's own, or instead of it. */
  readonly env?: Environment;
  /** The longest file that it may write, in bytes, as if the disk were full then. */
  readonly maxFileBytes?: number;
  /** The bundle is what users start, and what runs if this is left out; in the modules that it is made of a test can plant a bug. */
  readonly from?: keyof typeof programs;
}

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string>>;

/** What the environment of whoever runs the tests must not bring into them. */
const withoutSecrets = { HERD_SECRET: undefined, HERD_SECRET_PREVIOUS: undefined };

/** What runs Node with a limit of its files, in the blocks of POSIX; a soft one, which may be raised again. */
function withFileSizeLimit(maxFileBytes: number): [file: string, ...before: string[]] {
  return ['sh', '-c', `ulimit -S -f ${Math.ceil(maxFileBytes / 512)} && exec "$@"`, 'sh', process.execPath];
}

/** How a command ended. */
export interface End {
  /** Its exit status; null if a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * The real `herd` command, started as a shell does it: it leads a process group. Whatever a test does or fails to do, it is
 * ended with the tests, and all that it has started.
 */
export class HerdCommand {
  /** Resolves when it has ended, and nobody is left who could print in its name. */
  readonly ended: Promise<End>;
  private readonly child: ChildProcess;
  private readonly printed: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly args: readonly string[],
    { cwd, input, env, maxFileBytes, from = 'bundle' }: CommandOptions,
  ) {
    const [file, ...before] = maxFileBytes === undefined ? [process.execPath] : withFileSizeLimit(maxFileBytes);
    const whole = { ...process.env, ...withoutSecrets, ...env };
    this.child = spawn(file, [...before, programs[from], ...args], { cwd, detached: true, env: whole });
    running.add(this);
    for (const stream of ['stdout', 'stderr'] as const) {
      this.child[stream]?.on('data', (chunk: Buffer) => {
        this.printed[stream].push(chunk);
        for (const listener of this.listeners) listener();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (status, signal) => {
        running.delete(this);
        resolve({ status, signal });
      });
    });
    // A command may end before it has read all.
    this.child.stdin?.on('error', () => undefined);
    if (input !== undefined) this.child.stdin?.end(input);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it has printed on standard output. */
  get stdout(): string {
    return this.stdoutBytes.toString();
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.printed.stdout);
  }

  /** What it has said went wrong. */
  get stderr(): string {
    return Buffer.concat(this.printed.stderr).toString();
  }

  /** The command and what it printed last, for a message. */
  get outputText(): string {
    const all = `${this.stdout}${this.stderr}`;
    return `--- herd ${this.args.join(' ')} (process ${this.pid}) printed:\n${all.slice(-maxShownCharacters)}`;
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal to it and to all that it has started, as a terminal does. Without effect when all have ended. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /**
   * Waits until it has printed the text on standard output.
   * @throws if it ends first, or takes too long
   */
  async waitForOutput(text: string, withinMs?: number): Promise<void> {
    const printed = new Promise<void>((resolve) => {
      const check = () => {
        if (!this.stdout.includes(text)) return;
        this.listeners.delete(check);
        resolve();
      };
      this.listeners.add(check);
      check();
    });
    const endedFirst = this.ended.then(({ status, signal }) => {
      if (this.stdout.includes(text)) return;
      throw new Error(
        `it ended (${signal ?? `exit status ${status ?? ''}`}) before it printed "${text}"\n${this.outputText}`,
      );
    });
    await withTimeout(
      Promise.race([printed, endedFirst]),
      () => `herd ${this.args.join(' ')} prints "${text}"\n${this.outputText}`,
      withinMs,
    );
  }

  /** Waits until it has ended. */
  async waitForExit(withinMs?: number): Promise<End> {
    return withTimeout(this.ended, () => `herd ${this.args.join(' ')} ends\n${this.outputText}`, withinMs);
  }
}

/** What a command that ran to its end left behind. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** Runs a command to its end. Its standard input is closed unless there is something to read. */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const command = new HerdCommand(args, { input: '', ...options });
  const { status } = await command.waitForExit();
  const { stdout, stdoutBytes, stderr } = command;
  return { status, stdout, stdoutBytes, stderr };
}

/** Ends every command that is still running at once, and all that it has started. */
export async function killCommands(): Promise<void> {
  const left = [...running];
  for (const command of left) command.signalGroup('SIGKILL');
  await Promise.all(left.map(({ ended }) => ended));
}

/** What every command that is running has printed. */
export function runningOutputs(): string[] {
  return [...running].map(({ outputText }) => outputText);
}

process.on('exit', () => {
  for (const command of running) command.signalGroup('SIGKILL');
});
// Their groups are not this process's, so what ends it does not reach them.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
