import { damagedStatus } from '../../library/inspect.js';
import { damageOf } from '../../runtime/disk/location-database.js';
import { print } from '../shared/output.js';

/** `herd inspect`: says how the locations in a folder are damaged, if they are. */
export async function inspect(folder: string): Promise<void> {
  const damage = await damageOf(folder);
  if (damage === undefined) return;
  print(damage);
  process.exitCode = damagedStatus;
}
