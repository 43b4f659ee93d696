import { Flood } from '../../src/actors/replication/flood.js';
import { LocationBatch } from '../../src/protocol/place/location-batch.js';

/*
 * Loaded before the command by a test (NODE_OPTIONS): from then on Flood tells nobody of a tenth of the locations, always of
 * the same, so that a run comes again.
 */

const name = 'replicate';
type Replicate = (batch: LocationBatch, from: unknown) => void;

const original = Reflect.get(Flood.prototype, name) as Replicate | undefined;
if (original === undefined) throw new Error(`there is no method ${name} to plant a bug in`);

const buggyReplicate: Replicate = function (this: Flood, batch, from) {
  const kept = [...batch].filter(({ time }) => !time.endsWith('7'));
  if (kept.length > 0) Reflect.apply(original, this, [LocationBatch.of(kept), from]);
};
Reflect.set(Flood.prototype, name, buggyReplicate);
