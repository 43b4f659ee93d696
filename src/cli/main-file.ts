import { fileURLToPath } from 'node:url';

/** Path of the compiled `herd` command, for starting child processes. It is beside this file, bundled or not. */
export const mainFile = fileURLToPath(new URL('main.js', import.meta.url));
