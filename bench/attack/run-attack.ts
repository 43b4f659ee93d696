import { setTimeout as pause } from 'node:timers/promises';
import { createFolder } from '../support/folder.js';
import type { Attack } from './attack.js';
import { reports } from './reports.js';
import { servers, Target } from './target.js';

/** Measured result of an attack. */
export interface Outcome {
  readonly attack: Attack;
  /** What was observed, in a few words. */
  readonly observation: string;
  /** Longest response time of the honest client during the attack, in milliseconds. */
  readonly worstHonestMs: number;
  readonly peakBytes: number;
  /** Memory bound of the process by its limits, in bytes. */
  readonly boundBytes: number;
  /** Heap and buffers after a garbage collection, before and after the attack; undefined if the process ended. */
  readonly heldBytes: { readonly before: number; readonly after: number } | undefined;
  /** Approximate memory of the locations that the attack left, summed over all servers. */
  readonly storedMoreBytes: number;
  readonly failures: readonly string[];
}

const mebibyte = 1_048_576;

/** Low limits, so that a leak or a missing bound shows within seconds. */
const limits = {
  maxStoreBytes: 64 * mebibyte,
  maxTotalOutputBufferBytes: 64 * mebibyte,
  maxPeerOutputBufferBytes: 4 * mebibyte,
  maxConnections: 2_500,
  maxPendingQueries: 1_000,
};

/** Allowed growth of held memory, beyond the stored locations, as a fraction. */
const maxGrowth = 0.2;

/** Starts a herd, runs an attack against it, and checks memory and agreement afterwards. */
export async function runAttack(attack: Attack): Promise<Outcome> {
  const folder = createFolder();
  const settings = (await attack.settings?.(folder)) ?? {};
  const attackLimits = settings['limits'] as Readonly<Record<string, number>> | undefined;
  const document = { ...settings, limits: { ...limits, ...attackLimits } };
  Object.assign(process.env, attack.environment);
  const target = await Target.start(folder, document, attack.processes === true ? ['--processes'] : []);
  const boundBytes = target.memoryBoundBytes;
  let peakBytes = 0;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, target.residentBytes)), 50);
  try {
    await warmUp(target);
    await attack.prepare?.(target);
    await pause(500);
    await target.measureHeldBytes();
    const before = { heldBytes: await target.measureHeldBytes(), storedBytes: await totalStoredBytes(target) };
    await target.takeHonestReport();
    const finding = await attack.run(target);
    const honest = await target.takeHonestReport();
    const failures = [...finding.failures];
    if (peakBytes > boundBytes)
      failures.push(`peak memory of ${peakBytes} bytes exceeds the bound of ${boundBytes} bytes`);
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
    if (attack.causesEviction !== true && !(await target.waitForAgreement(60_000)))
      failures.push('the servers do not agree within 60 s');
    const storedMoreBytes = (await totalStoredBytes(target)) - before.storedBytes;
    const heldBytes = { before: before.heldBytes, after: await target.measureHeldBytes() };
    const allowedBytes = heldBytes.before * (1 + maxGrowth) + Math.max(0, storedMoreBytes);
    if (heldBytes.after > allowedBytes)
      failures.push('memory held after the attack exceeds the growth by stored locations');
    return {
      attack,
      observation: finding.observation,
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
      observation: '',
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

/** Exercises each server as the attacks do, so that compiled code and caches are not counted as leaks. */
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
    await target.readStoreSummary(server);
  }
  await pause(1_000);
}

async function totalStoredBytes(target: Target): Promise<number> {
  let bytes = 0;
  for (const server of servers) bytes += (await target.readStoreSummary(server)).bytes;
  return bytes;
}
