import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HerdSystem } from './herd.js';
import { BaselineHerd } from './baseline-herd.js';
import { baselineBuild } from './herd-build.js';

export const herd = new HerdSystem('Herd, five processes', { processes: 'one-per-server' });
export const herdInOne = new HerdSystem('Herd, one process', { processes: 'one' });
export const earlierHerd = new HerdSystem('Herd, baseline build', {
  processes: 'one-per-server',
  build: baselineBuild,
});

export const bareNode = nodeProgram('bare Node', 'bare-node');

/** Counts lines and answers with a constant: more than any server on Node can reach, and a lower bound of the load generator's limit. */
export const sink = nodeProgram('constant answers', 'sink');

/** Debian's python3 is tried second: another one may come first in PATH and lack Debian's packages. */
const pythonPaths = ['python3', '/usr/bin/python3'];

export const twisted = pythonSystem('Twisted', 'twisted');
export const asyncio = pythonSystem('asyncio', 'asyncio');

/** A Node program of bench/baselines. */
function nodeProgram(name: string, file: string): BaselineHerd {
  const program = fileURLToPath(new URL(`../baselines/${file}.js`, import.meta.url));
  return new BaselineHerd(
    name,
    () => [process.execPath, program],
    () => undefined,
  );
}

/** A Python herd of bench/baselines, run from the source folder because only TypeScript is compiled to dist. */
function pythonSystem(name: string, module: string): BaselineHerd {
  const program = fileURLToPath(new URL(`../../../bench/baselines/${module}_herd.py`, import.meta.url));
  const findPython = () => pythonPaths.find((each) => spawnSync(each, ['-c', `import ${module}`]).status === 0);
  return new BaselineHerd(
    name,
    () => [findPython() ?? '', '-u', program],
    () => (findPython() === undefined ? `no python3 with the module ${module}` : undefined),
  );
}
