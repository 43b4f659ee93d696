import { readFileSync } from 'node:fs';

/**
 * Folder of this package, with the files that belong to it. It is resolved by the package name, since a module runs both where it was
 * compiled and in the bundle of the command.
 */
export const packageFolder = new URL('./', import.meta.resolve('herd/package.json'));

const { version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { version: string };

/** Version of this package. */
export const herdVersion = version;
