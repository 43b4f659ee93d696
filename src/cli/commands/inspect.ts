import { damagedExitCode } from '../../library/inspect-in-subprocess.js';
import { findCorruption } from '../../runtime/disk/location-database.js';
import { print } from '../shared/output.js';

/** `herd inspect`: prints how a store folder is damaged, if it is. A hidden command, run by `inspectInSubprocess`. */
export async function inspect(folder: string): Promise<void> {
  const damage = await findCorruption(folder);
  if (damage === undefined) return;
  print(damage);
  process.exitCode = damagedExitCode;
}
