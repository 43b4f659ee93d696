import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { Gazetteer } from './gazetteer.js';

/**
 * URL of the encoded gazetteer, which the build writes. It is resolved by the package name, since this module runs both where it
 * was compiled and in the bundle of the command.
 */
export const gazetteerFile = new URL('dist/data/gazetteer.bin', import.meta.resolve('herd/package.json'));

/**
 * Loads the gazetteer of the package. Takes some milliseconds, most of them for reading 6 MB.
 * @throws Error if the file is missing or invalid
 */
export function loadGazetteer(): Gazetteer {
  const descriptor = openSync(gazetteerFile, 'r');
  try {
    // In an ArrayBuffer of its own, so that typed arrays can view the columns in place.
    const data = new ArrayBuffer(fstatSync(descriptor).size);
    const bytes = new Uint8Array(data);
    for (let read = 0, more = 1; more > 0; read += more)
      more = readSync(descriptor, bytes, read, bytes.length - read, read);
    return new Gazetteer(data);
  } finally {
    closeSync(descriptor);
  }
}
