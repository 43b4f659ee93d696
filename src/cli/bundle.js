// Puts the command and the packages that it needs into a few files: dist/command, which is what users start. From three hundred
// files Node spends more time on finding and linking them than the command needs until it listens.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const compiled = (path) => fileURLToPath(new URL(`../../dist/src/${path}`, import.meta.url));
const outdir = fileURLToPath(new URL('../../dist/command/', import.meta.url));

// The threads are found beside the module that starts them, by these names.
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
  // What only some commands need stays apart, and is loaded by them alone.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // The variants of packages that Node itself would choose, so that the bundle does what the modules do.
  conditions: [],
  mainFields: ['main'],
  // LevelDB is compiled for each system. Fastify's compilers of schemas are never called (http-door.ts), and are the greater part of it.
  external: ['classic-level', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
  // Packages in CommonJS require modules of Node.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
});

// A command may start meanwhile, such as a process that `herd start --processes` starts again: chunks, whose names are made of
// what is in them, are there before whatever imports them, and old ones go last.
const isEntry = ({ path }) => basename(path, '.js') in entryPoints;
mkdirSync(outdir, { recursive: true });
for (const { path, contents } of [...outputFiles].sort((one, other) => isEntry(one) - isEntry(other))) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
const built = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync(outdir)) if (!built.has(name)) rmSync(join(outdir, name));
