import { BatchPool } from '../../src/actors/bus/batch-pool.js';
import type { Bus } from '../../src/actors/bus/bus.js';
import type { CommandSessionSettings } from '../../src/actors/client/command-session.js';
import { IamatScanner } from '../../src/protocol/client/scan-iamat.js';

/** Completes the settings of command sessions with what follows from the others. */
export function sessionSettings(
  bus: Bus,
  settings: Omit<CommandSessionSettings, 'scanner' | 'batches'>,
): CommandSessionSettings {
  const { server, limits } = settings;
  return { ...settings, scanner: new IamatScanner(server, limits), batches: new BatchPool(bus) };
}
