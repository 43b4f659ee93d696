/**
 * The folder of this package, where what comes with it is found. It is asked for by the package's name, because a module runs
 * where it was compiled as well as in the bundle of the command, which stands elsewhere.
 */
export const packageFolder = new URL('./', import.meta.resolve('herd/package.json'));
