import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { listedServers } from '../../../library/config.js';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { configFor } from '../../shared/config-file.js';
import type { StatusOptions } from '../../shared/options.js';
import { print } from '../../shared/output.js';
import { waitForStopSignal } from '../../shared/signals.js';
import { pollHerd, type HerdSample } from './poll.js';
import { renderStatus } from './render.js';
import { supportsColours, colourLines, Screen } from './screen.js';
import { summarizeHerd, type HerdSummary } from './summary.js';

/** Time between two samples in milliseconds; rates are computed over it. */
const pollIntervalMs = 1_000;

/**
 * `herd status`: shows the status of servers, links and replication. Exit code 0 if the herd is healthy (`HerdSummary`), else 1; with
 * --watch always 0.
 */
export async function status(options: StatusOptions): Promise<void> {
  const config = configFor(options, 'http-client');
  listedServers(config);
  if (options.watch === true) await watchStatus(config, options);
  else await showStatus(config, options);
}

async function showStatus(config: HerdConfig, options: StatusOptions): Promise<void> {
  const { signal } = new AbortController();
  const before = await pollHerd(config, signal);
  await pause(pollIntervalMs);
  const herd = summarizeHerd(config, before, await pollHerd(config, signal));
  print(formatStatus(herd, options));
  if (!herd.healthy) process.exitCode = 1;
}

async function watchStatus(config: HerdConfig, options: StatusOptions): Promise<void> {
  const { signal } = abortOnStop();
  const screen = isTerminal() && options.json !== true ? new Screen(process.stdout, hasColours()) : undefined;
  let before: HerdSample | undefined;
  try {
    for (;;) {
      const startedMs = performance.now();
      const after = await pollHerd(config, signal);
      const herd = summarizeHerd(config, before, after);
      if (screen === undefined) print(formatStatus(herd, options) + (options.json === true ? '' : '\n'));
      else
        screen.show([
          ...renderStatus(herd, process.stdout.columns),
          { text: '', severity: 'plain' },
          { text: 'Press Ctrl-C to exit.', severity: 'plain' },
        ]);
      before = after;
      await pause(Math.max(0, startedMs + pollIntervalMs - performance.now()), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    screen?.close();
  }
}

/** Aborts on a stop signal, or when the output is closed. */
function abortOnStop(): AbortController {
  const controller = new AbortController();
  void waitForStopSignal().then(() => controller.abort());
  process.stdout.on('error', () => controller.abort());
  return controller;
}

function formatStatus(herd: HerdSummary, { json }: StatusOptions): string {
  if (json === true) return JSON.stringify({ time: new Date().toISOString(), ...herd });
  return colourLines(renderStatus(herd, isTerminal() ? process.stdout.columns : undefined), hasColours()).join('\n');
}

function isTerminal(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

function hasColours(): boolean {
  return supportsColours(process.stdout, process.env);
}
