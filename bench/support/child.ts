import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinned, type Side } from './cores.js';
import { childrenOf } from './process-table.js';

/** Those that still run. When this process ends they do, too: they would hold the core of whoever measures next. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const { pid = 0 } of running) for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL');
});

/**
 * Starts a command on the core of its side; resolves when it has printed that text.
 * @param told where it prints it; what it says on standard error is shown only where that is not read
 * @throws if it ends before
 */
export async function startChild(
  side: Side,
  command: readonly string[],
  readyText: string,
  cwd: string,
  told: 'stdout' | 'stderr' = 'stdout',
): Promise<ChildProcess> {
  const [program, ...args] = pinned(side, command);
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', told === 'stderr' ? 'pipe' : 'inherit'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.resume();
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`${command.join(' ')} did not start: ${printed}`)));
    child[told]?.on('data', (bytes: Buffer) => {
      if (printed.includes(readyText)) return;
      printed += bytes.toString();
      if (printed.includes(readyText)) resolve();
    });
  });
  return child;
}

/** Tells a process to end, and makes it end if it does not within some seconds. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
  await ended;
  clearTimeout(timer);
}
