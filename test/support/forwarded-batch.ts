import type { ServerId } from '../../src/protocol/place/ids.js';
import { LocationBatch } from '../../src/protocol/place/location-batch.js';
import type { Location } from '../../src/protocol/place/location.js';
import { WordBuffer } from '../../src/protocol/text/word-buffer.js';

/** Creates a batch of locations, in which each line ends with its forwarder. */
export function batchFrom(forwarder: ServerId, locations: Iterable<Location>): LocationBatch {
  const suffix = WordBuffer.of(` ${forwarder}`);
  const batch = new LocationBatch().clear();
  for (const location of locations) batch.append(location, suffix);
  return batch;
}
