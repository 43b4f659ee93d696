import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs } from '../support/process-table.js';
import { Commands } from './commands.js';
import type { Load } from './load.js';
import type { LoadOrder, LoadResult } from './order.js';
import { ClosedPacer, OpenPacer } from './pacer.js';
import { PersistentLoad } from './persistent-load.js';
import { Progress } from './progress.js';
import { quantilesOf } from './quantiles.js';
import { SingleLoad } from './single-load.js';
import { SpreadProbe } from './spread-probe.js';

/** How long the warm-up may take, and how long answers may take once nothing more is sent, in milliseconds. */
const warmUpMostMs = 300_000;
const answersMostMs = 10_000;

/** Plays one turn of load. @throws if the server cannot be reached */
export async function play(order: LoadOrder): Promise<LoadResult> {
  // Reports of an order are newer than those of the one before.
  const seconds = Math.floor(Date.now() / 1_000);
  const { watched, probe: probed } = order;
  const progress = watched.length === 0 ? undefined : await Progress.start(order, seconds);
  const probe = probed && (await SpreadProbe.start(probed.tell, probed.ask, probed.everyMs, seconds));
  const load = loadOf(order, seconds, progress);
  const before = order.pids.map(cpuMs);
  await load.start();
  await warm(order, load);
  load.latency?.reset();
  load.lateness?.reset();
  probe?.run();
  const window = await measure(order, load);
  const [latency, lateness] = [load.latency, load.lateness].map((histogram) => histogram && quantilesOf(histogram));
  const spread = await probe?.stop();
  load.stop();
  const stoppedMs = performance.now();
  const underWay = await settle(load);
  const known = (await progress?.settle(load.lastTold())) ?? true;
  const drainMs = known ? performance.now() - stoppedMs : Infinity;
  const spent = order.pids.map((pid, index) => cpuMs(pid) - (before[index] ?? 0));
  const wrong = load.wrong + underWay;
  load.close();
  progress?.close();
  const whole = { answers: load.answers, cpuMs: spent };
  return { ...window, whole, wrong, behindMs: progress?.behindMostMs ?? 0, drainMs, latency, lateness, spread };
}

function loadOf(order: LoadOrder, seconds: number, progress: Progress | undefined): Load {
  const { pace, port, workload } = order;
  if (pace.kind === 'connection each') return new SingleLoad(port, order, seconds, progress);
  const pacer = pace.kind === 'open' ? new OpenPacer(pace.perSecond) : new ClosedPacer(pace.depth, progress);
  return new PersistentLoad(port, new Commands(workload, seconds), pacer, order);
}

async function warm(order: LoadOrder, load: Load): Promise<void> {
  const startedMs = performance.now();
  const forMs = () => performance.now() - startedMs;
  while (forMs() < order.warmUpMs || load.rounds < order.warmUpRounds) {
    if (forMs() > warmUpMostMs) return;
    await pause(5);
  }
}

async function measure(order: LoadOrder, load: Load) {
  const own = process.cpuUsage();
  const answersBefore = load.answers;
  const startedMs = performance.now();
  await pause(order.measureMs);
  const answers = load.answers - answersBefore;
  const windowMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(own);
  return { answers, windowMs, ownShare: (user + system) / 1_000 / windowMs };
}

/** Waits for the answers under way; returns how many never came. */
async function settle(load: Load): Promise<number> {
  const startedMs = performance.now();
  while (load.underWay > 0 && performance.now() - startedMs < answersMostMs) await pause(2);
  return load.underWay;
}
