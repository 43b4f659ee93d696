import { readFileSync } from 'node:fs';

/**
 * Folder of the installed package. Resolved by the package name, because modules run both from their compiled files and from the
 * bundled command in another folder.
 */
export const packageFolder = new URL('./', import.meta.resolve('herd/package.json'));

const { version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { version: string };

/** Version of this package. */
export const herdVersion = version;
