import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { Gazetteer } from './gazetteer.js';

/**
 * The encoded gazetteer, which the build writes. It is found by the package's name: a module runs where it was compiled as
 * well as in the bundle of the command.
 */
export const gazetteerFile = new URL('dist/data/gazetteer.bin', import.meta.resolve('herd/package.json'));

/**
 * Loads the gazetteer that comes with the package: some milliseconds, most of them for reading 6 MB.
 * @throws when the file is missing, or not what the build wrote
 */
export function loadGazetteer(): Gazetteer {
  const descriptor = openSync(gazetteerFile, 'r');
  try {
    // In a buffer of its own, so that the columns can be viewed in place.
    const data = new ArrayBuffer(fstatSync(descriptor).size);
    const bytes = new Uint8Array(data);
    for (let read = 0, more = 1; more > 0; read += more)
      more = readSync(descriptor, bytes, read, bytes.length - read, read);
    return new Gazetteer(data);
  } finally {
    closeSync(descriptor);
  }
}
