import { BatchPool } from '../../src/actors/bus/batch-pool.js';
import { LineEncoder } from '../../src/actors/bus/line-encoder.js';
import type { Bus } from '../../src/actors/bus/bus.js';
import type { CommandSessionSettings } from '../../src/actors/client/command-session.js';
import { ReportCollector } from '../../src/actors/client/report-collector.js';
import type { TurnScheduler } from '../../src/actors/ports/turn-scheduler.js';
import { IamatScanner } from '../../src/protocol/client/scan-iamat.js';

/** Runs work at once, as if the turn ended. */
export const atOnce: TurnScheduler = { schedule: (work) => work.flush() };

/** Completes the settings of command sessions with what follows from the others. */
export function sessionSettings(
  bus: Bus,
  settings: Omit<CommandSessionSettings, 'scanner' | 'batches' | 'encoder' | 'reports'>,
  scheduler = atOnce,
): CommandSessionSettings {
  const { server, limits } = settings;
  const reports = new ReportCollector(bus, scheduler);
  const scanner = new IamatScanner(server, limits);
  return { ...settings, scanner, batches: new BatchPool(bus), encoder: new LineEncoder(bus), reports };
}
