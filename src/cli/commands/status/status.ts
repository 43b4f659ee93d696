import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { ConfigError } from '../../../runtime/errors.js';
import { configFor } from '../../shared/config-file.js';
import { CommandError } from '../../shared/errors.js';
import type { StatusOptions } from '../../shared/options.js';
import { print, warn } from '../../shared/output.js';
import { stopRequested } from '../../shared/signals.js';
import { lookAt, type HerdLook } from './poll.js';
import { pageOf } from './render.js';
import { colourOf, drawn, Screen } from './screen.js';
import { pictureOf, type HerdPicture } from './summary.js';

/** Between two looks, in milliseconds: rates are of what happened in between. */
const lookEveryMs = 1_000;

/**
 * `herd status`: who is up, and how all are. The exit status is 0 if all servers are up and ready and all links live, 1 if
 * something is not, 2 if that could not be found out; with --watch it is 0, however the herd was.
 */
export async function status(options: StatusOptions): Promise<void> {
  try {
    const config = configFor(options, 'to ask over HTTP');
    if (options.watch === true) await watch(config, options);
    else await show(config, options);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof CommandError)) throw error;
    for (const problem of error instanceof ConfigError ? error.problems : [error.message]) warn(problem);
    process.exitCode = 2;
  }
}

async function show(config: HerdConfig, options: StatusOptions): Promise<void> {
  const { signal } = new AbortController();
  const before = await lookAt(config, signal);
  await pause(lookEveryMs);
  const herd = pictureOf(config, before, await lookAt(config, signal));
  print(textOf(herd, options));
  if (!herd.sound) process.exitCode = 1;
}

async function watch(config: HerdConfig, options: StatusOptions): Promise<void> {
  const { signal } = stopped();
  const screen = isTerminal() && options.json !== true ? new Screen(process.stdout, colour()) : undefined;
  let before: HerdLook | undefined;
  try {
    for (;;) {
      const startedMs = performance.now();
      const after = await lookAt(config, signal);
      const herd = pictureOf(config, before, after);
      if (screen === undefined) print(textOf(herd, options) + (options.json === true ? '' : '\n'));
      else
        screen.show([
          ...pageOf(herd, process.stdout.columns),
          { text: '', tone: 'plain' },
          { text: 'Ctrl-C ends.', tone: 'plain' },
        ]);
      before = after;
      await pause(Math.max(0, startedMs + lookEveryMs - performance.now()), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    screen?.close();
  }
}

/** Aborts when the user has seen enough, or nobody reads any more. */
function stopped(): AbortController {
  const controller = new AbortController();
  void stopRequested().then(() => controller.abort());
  process.stdout.on('error', () => controller.abort());
  return controller;
}

function textOf(herd: HerdPicture, { json }: StatusOptions): string {
  if (json === true) return JSON.stringify({ time: new Date().toISOString(), ...herd });
  return drawn(pageOf(herd, isTerminal() ? process.stdout.columns : undefined), colour()).join('\n');
}

function isTerminal(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

function colour(): 'coloured' | 'plain' {
  return colourOf(process.stdout, process.env);
}
