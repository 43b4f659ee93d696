import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs } from '../support/process-table.js';
import { CommandWriter } from './command-writer.js';
import type { Load } from './load.js';
import type { LoadJob, LoadResult } from './load-job.js';
import { ClosedPacer, OpenPacer } from './pacer.js';
import { PersistentLoad } from './persistent-load.js';
import { PropagationProgress } from './propagation-progress.js';
import { readQuantiles } from './quantiles.js';
import { ConnectionPerCommandLoad } from './connection-per-command-load.js';
import { PropagationProbe } from './propagation-probe.js';
import { Watchers } from './watchers.js';

/** Maximum duration of the warm-up, in milliseconds. */
const maxWarmUpMs = 300_000;
/** Maximum wait for pending responses after the load has stopped, in milliseconds. */
const maxDrainMs = 10_000;

/** Runs one job of load. @throws Error if the server cannot be reached */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  // Reports of a job are newer than those of the previous job.
  const seconds = Math.floor(Date.now() / 1_000);
  const { followerPorts, probe: probeSettings } = job;
  const progress = followerPorts.length === 0 ? undefined : await PropagationProgress.start(job, seconds);
  const probe =
    probeSettings &&
    (await PropagationProbe.start(
      probeSettings.reportPort,
      probeSettings.queryPort,
      probeSettings.intervalMs,
      seconds,
    ));
  const load = createLoad(job, seconds, progress);
  const watchers = await Watchers.start(job, seconds, (stamp) => load.dueMs?.(stamp) ?? NaN);
  const before = job.pids.map(cpuMs);
  await load.start();
  await warmUp(job, load);
  load.latency?.reset();
  load.lateness?.reset();
  watchers.reset();
  probe?.run();
  const window = await measure(job, load);
  const [latency, lateness] = [load.latency, load.lateness].map((histogram) => histogram && readQuantiles(histogram));
  const delivery = watchers.quantiles();
  const propagation = await probe?.stop();
  load.stop();
  const stoppedMs = performance.now();
  const missing =
    (await waitForResponses(load)) + (job.watchers === undefined ? 0 : await waitForChanges(load, watchers));
  const isFullyPropagated = (await progress?.finish(load.lastReports())) ?? true;
  const drainMs = isFullyPropagated ? performance.now() - stoppedMs : Infinity;
  const usedCpuMs = job.pids.map((pid, index) => cpuMs(pid) - (before[index] ?? 0));
  const wrongCount = load.wrongCount + missing;
  load.close();
  watchers.close();
  progress?.close();
  const total = { responses: load.responses, cpuMs: usedCpuMs };
  const lagMs = progress?.maxLagMs ?? 0;
  return { ...window, total, wrongCount, lagMs, drainMs, latency, lateness, propagation, delivery };
}

function createLoad(job: LoadJob, seconds: number, progress: PropagationProgress | undefined): Load {
  const { mode, port, workload } = job;
  if (mode.kind === 'connection-per-command') return new ConnectionPerCommandLoad(port, job, seconds, progress);
  const pacer = mode.kind === 'open' ? new OpenPacer(mode.perSecond) : new ClosedPacer(mode.depth, progress);
  return new PersistentLoad(port, new CommandWriter(workload, seconds), pacer, job);
}

async function warmUp(job: LoadJob, load: Load): Promise<void> {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  while (elapsedMs() < job.warmUpMs || load.rounds < job.warmUpRounds) {
    if (elapsedMs() > maxWarmUpMs) return;
    await pause(5);
  }
}

async function measure(job: LoadJob, load: Load) {
  const startUsage = process.cpuUsage();
  const responsesBefore = load.responses;
  const startedMs = performance.now();
  await pause(job.measureMs);
  const responses = load.responses - responsesBefore;
  const windowMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(startUsage);
  return { responses, windowMs, generatorShare: (user + system) / 1_000 / windowMs };
}

/** Waits for pending responses; returns the number that did not arrive in time. */
async function waitForResponses(load: Load): Promise<number> {
  const startedMs = performance.now();
  while (load.pending > 0 && performance.now() - startedMs < maxDrainMs) await pause(2);
  return load.pending;
}

/** Waits until subscribers have every reported change; returns the number that did not arrive in time. */
async function waitForChanges(load: Load, watchers: Watchers): Promise<number> {
  const startedMs = performance.now();
  while (watchers.received < load.responses && performance.now() - startedMs < maxDrainMs) await pause(2);
  return load.responses - watchers.received;
}
