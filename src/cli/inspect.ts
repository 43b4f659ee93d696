import { damagedStatus } from '../embed/inspect.js';
import { damageOf } from '../runtime/store/location-database.js';
import { print } from './output.js';

/** `herd inspect`: says how the locations in a folder are damaged, if they are. */
export async function inspect(folder: string): Promise<void> {
  const damage = await damageOf(folder);
  if (damage === undefined) return;
  print(damage);
  process.exitCode = damagedStatus;
}
