// Puts the command and the packages that it needs into a few files: dist/command, which is what users start. From three hundred
// files Node spends more time on finding and linking them than the command needs until it listens.
import { rmSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const compiled = (path) => fileURLToPath(new URL(`../../dist/src/${path}`, import.meta.url));
const outdir = fileURLToPath(new URL('../../dist/command/', import.meta.url));

// The names of chunks are made of what is in them: old ones would stay.
rmSync(outdir, { recursive: true, force: true });
await build({
  // The threads are found beside the module that starts them, by these names.
  entryPoints: {
    main: compiled('cli/main.js'),
    'fuzz-worker': compiled('cli/fuzz-worker.js'),
    worker: compiled('upstreams/sample/worker.js'),
  },
  outdir,
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
  sourcemap: true,
  logLevel: 'warning',
});
