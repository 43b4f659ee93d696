import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinnedCommand, type CoreRole } from './cores.js';
import { childrenOf } from './process-table.js';

/** Running children. They are killed when this process exits, so that they do not occupy the core of a later run. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const { pid = 0 } of running) for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL');
});

/**
 * Starts a command on the core of its role; resolves when it has printed `readyText`.
 * @param readyStream stream that is searched; standard error is passed through unless it is searched
 * @throws Error if the process exits before
 */
export async function startChild(
  coreRole: CoreRole,
  command: readonly string[],
  readyText: string,
  cwd: string,
  readyStream: 'stdout' | 'stderr' = 'stdout',
): Promise<ChildProcess> {
  const [program, ...args] = pinnedCommand(coreRole, command);
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', readyStream === 'stderr' ? 'pipe' : 'inherit'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.resume();
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`${command.join(' ')}: did not start (output: ${printed})`)));
    child[readyStream]?.on('data', (bytes: Buffer) => {
      if (printed.includes(readyText)) return;
      printed += bytes.toString();
      if (printed.includes(readyText)) resolve();
    });
  });
  return child;
}

/** Stops a process with SIGTERM, and with SIGKILL after eight seconds. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
  await ended;
  clearTimeout(timer);
}
