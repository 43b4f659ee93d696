import { readFileSync } from 'node:fs';
import { packageFolder } from '../runtime/host/package-folder.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { version: string };

/** The version of this program. */
export const herdVersion = version;
