// Bundles the command and the packages that it needs into dist/command, which is what users start. Loading some three hundred
// separate files would take Node longer than everything else until the servers listen.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const compiled = (path) => fileURLToPath(new URL(`../../dist/src/${path}`, import.meta.url));
const outdir = fileURLToPath(new URL('../../dist/command/', import.meta.url));

// Worker threads are loaded by these names from the folder of the module that starts them.
const entryPoints = {
  main: compiled('cli/main.js'),
  'fuzz-worker': compiled('cli/simulate/fuzz-worker.js'),
  worker: compiled('upstreams/sample/worker.js'),
};
const { outputFiles } = await build({
  entryPoints,
  outdir,
  write: false,
  bundle: true,
  // Modules that only some commands need stay in chunks of their own.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // The package variants that Node itself would choose, so that the bundle behaves like the modules.
  conditions: [],
  mainFields: ['main'],
  // LevelDB is a native module. Fastify's schema compilers are never called (http-listener.ts), and are the larger part of it.
  external: ['classic-level', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
  // For CommonJS packages that require Node's modules.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
});

// A command may start during the build, such as a process that `herd start --processes` restarts. So chunks, whose names are hashes
// of their contents, are written before the entry points that import them, and old ones are deleted last.
const isEntry = ({ path }) => basename(path, '.js') in entryPoints;
mkdirSync(outdir, { recursive: true });
for (const { path, contents } of [...outputFiles].sort((one, other) => isEntry(one) - isEntry(other))) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
const built = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync(outdir)) if (!built.has(name)) rmSync(join(outdir, name));
