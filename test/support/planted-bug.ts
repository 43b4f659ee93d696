import { Flood } from '../../src/actors/replication/flood.js';
import type { Location } from '../../src/protocol/place/location.js';

/*
 * Loaded before the command by a test (NODE_OPTIONS): from then on Flood tells nobody of a tenth of the locations, always of
 * the same, so that a run comes again.
 */

const name = 'tell';
type Tell = (neighbours: readonly string[], locations: readonly Location[]) => void;

const sound = Reflect.get(Flood.prototype, name) as Tell | undefined;
if (sound === undefined) throw new Error(`there is no method ${name} to plant a bug in`);

const forgetful: Tell = function (this: Flood, neighbours, locations) {
  const told = locations.filter(({ time }) => !time.endsWith('7'));
  if (told.length > 0) Reflect.apply(sound, this, [neighbours, told]);
};
Reflect.set(Flood.prototype, name, forgetful);
