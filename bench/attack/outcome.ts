import { setTimeout as pause } from 'node:timers/promises';
import { makeFolder } from '../support/folder.js';
import type { Attack } from './attack.js';
import { reports } from './reports.js';
import { servers, Target } from './target.js';

/** What an attack came to. */
export interface Outcome {
  readonly attack: Attack;
  /** What happened, in words. */
  readonly seen: string;
  /** The longest that an honest client waited for an answer meanwhile, in milliseconds. */
  readonly worstHonestMs: number;
  readonly peakBytes: number;
  /** The most memory that the process may take by its limits, in bytes. */
  readonly boundBytes: number;
  /** What the process referred to before and after, with garbage collected; undefined if it did not survive. */
  readonly heldBytes: { readonly before: number; readonly after: number } | undefined;
  /** Bytes of the locations that the attack left at all servers together, about. */
  readonly storedMoreBytes: number;
  readonly failures: readonly string[];
}

const mebibyte = 1_048_576;

/** Small enough that a leak or a missing bound shows in a run of seconds, and that the bound of the process's memory says something. */
const limits = {
  storeBytesMax: 64 * mebibyte,
  backlogBytesInAllMax: 64 * mebibyte,
  linkBacklogBytesMax: 4 * mebibyte,
  connectionsMax: 2_500,
  pendingQueriesMax: 1_000,
};

/** How much more may be held afterwards than before, beyond what the locations take that are stored. */
const growthMax = 0.2;

/** Starts a herd, lets it be attacked, and looks at it afterwards. */
export async function carryOut(attack: Attack): Promise<Outcome> {
  const folder = makeFolder();
  const settings = (await attack.settings?.(folder)) ?? {};
  const own = settings['limits'] as Readonly<Record<string, number>> | undefined;
  const document = { ...settings, limits: { ...limits, ...own } };
  Object.assign(process.env, attack.environment);
  const target = await Target.start(folder, document, attack.processes === true ? ['--processes'] : []);
  const boundBytes = target.memoryBoundBytes;
  let peakBytes = 0;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, target.residentBytes)), 50);
  try {
    await warmUp(target);
    await attack.prepare?.(target);
    await pause(500);
    await target.heldBytes();
    const before = { heldBytes: await target.heldBytes(), storedBytes: await storedBytesIn(target) };
    await target.honest();
    const finding = await attack.run(target);
    const honest = await target.honest();
    const failures = [...finding.failures];
    if (peakBytes > boundBytes)
      failures.push(
        `${peakBytes} bytes of memory were taken, and by its limits the process takes ${boundBytes} at most`,
      );
    if (!target.isRunning) {
      return {
        attack,
        ...finding,
        worstHonestMs: honest.worstMs,
        peakBytes,
        boundBytes,
        heldBytes: undefined,
        storedMoreBytes: 0,
        failures: [...failures, 'the process ended'],
      };
    }
    if (honest.failures > 0) failures.push(`${honest.failures} honest reports were not answered`);
    await pause(2_000);
    if (attack.evicts !== true && !(await target.agrees(60_000))) failures.push('the servers do not hold the same');
    const storedMoreBytes = (await storedBytesIn(target)) - before.storedBytes;
    const heldBytes = { before: before.heldBytes, after: await target.heldBytes() };
    const mayHold = heldBytes.before * (1 + growthMax) + Math.max(0, storedMoreBytes);
    if (heldBytes.after > mayHold) failures.push('more memory is held afterwards than the locations explain');
    return {
      attack,
      seen: finding.seen,
      worstHonestMs: honest.worstMs,
      peakBytes,
      boundBytes,
      heldBytes,
      storedMoreBytes,
      failures,
    };
  } catch (error) {
    return {
      attack,
      seen: '',
      worstHonestMs: Infinity,
      peakBytes,
      boundBytes,
      heldBytes: undefined,
      storedMoreBytes: 0,
      failures: [error instanceof Error ? error.message : String(error)],
    };
  } finally {
    clearInterval(timer);
    await target.stop();
  }
}

/** Lets each server do what the attacks ask of it, so that compiled code and caches do not count as held by an attack. */
async function warmUp(target: Target): Promise<void> {
  for (const server of servers) {
    const port = target.portOf(server);
    await target.sendLines(port, reports(2_000, 12, 'warm'), 10_000);
    await target.sendLines(
      port,
      Array.from({ length: 5_000 }, () => 'not a command'),
      10_000,
    );
    await target.sendLines(port, ['WHATSAT warm-0- 10 5', 'WATCH warm-0-', 'UNWATCH'], 10_000);
    await target.holding(server);
  }
  await pause(1_000);
}

async function storedBytesIn(target: Target): Promise<number> {
  let bytes = 0;
  for (const server of servers) bytes += (await target.holding(server)).bytes;
  return bytes;
}
