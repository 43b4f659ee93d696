import { BatchPool } from '../../src/actors/bus/batch-pool.js';
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
  settings: Omit<CommandSessionSettings, 'scanner' | 'batches' | 'reports'>,
  scheduler = atOnce,
): CommandSessionSettings {
  const { server, limits } = settings;
  const reports = new ReportCollector(bus, scheduler);
  return { ...settings, scanner: new IamatScanner(server, limits), batches: new BatchPool(bus), reports };
}
