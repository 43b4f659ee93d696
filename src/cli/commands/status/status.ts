import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { ConfigError } from '../../../runtime/errors.js';
import { configFor } from '../../shared/config-file.js';
import { CommandError } from '../../shared/errors.js';
import type { StatusOptions } from '../../shared/options.js';
import { print, warn } from '../../shared/output.js';
import { waitForStopSignal } from '../../shared/signals.js';
import { pollHerd, type HerdSample } from './poll.js';
import { renderStatus } from './render.js';
import { selectColour, colourLines, Screen } from './screen.js';
import { summarizeHerd, type HerdSummary } from './summary.js';

/** Between two looks, in milliseconds: rates are of what happened in between. */
const pollIntervalMs = 1_000;

/**
 * `herd status`: who is up, and how all are. The exit status is 0 if all servers are up and ready and all links live, 1 if
 * something is not, 2 if that could not be found out; with --watch it is 0, however the herd was.
 */
export async function status(options: StatusOptions): Promise<void> {
  try {
    const config = configFor(options, 'http-client');
    if (options.watch === true) await watchStatus(config, options);
    else await showStatus(config, options);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof CommandError)) throw error;
    for (const problem of error instanceof ConfigError ? error.problems : [error.message]) warn(problem);
    process.exitCode = 2;
  }
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
  const screen = isTerminal() && options.json !== true ? new Screen(process.stdout, terminalColour()) : undefined;
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
          { text: 'Ctrl-C ends.', severity: 'plain' },
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

/** Aborts when the user has seen enough, or nobody reads any more. */
function abortOnStop(): AbortController {
  const controller = new AbortController();
  void waitForStopSignal().then(() => controller.abort());
  process.stdout.on('error', () => controller.abort());
  return controller;
}

function formatStatus(herd: HerdSummary, { json }: StatusOptions): string {
  if (json === true) return JSON.stringify({ time: new Date().toISOString(), ...herd });
  return colourLines(renderStatus(herd, isTerminal() ? process.stdout.columns : undefined), terminalColour()).join(
    '\n',
  );
}

function isTerminal(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

function terminalColour(): 'coloured' | 'plain' {
  return selectColour(process.stdout, process.env);
}
