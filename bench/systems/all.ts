import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HerdSystem } from './herd.js';
import { BaselineHerd } from './baseline-herd.js';

export const herd = new HerdSystem('Herd, five processes', 'one-per-server');
export const herdInOne = new HerdSystem('Herd, one process', 'one');

const bareNodeProgram = fileURLToPath(new URL('../baselines/bare-node.js', import.meta.url));

export const bareNode = new BaselineHerd(
  'bare Node',
  () => [process.execPath, bareNodeProgram],
  () => undefined,
);

/** Debian's python3 is tried second: another one may come first in PATH and lack Debian's packages. */
const pythonPaths = ['python3', '/usr/bin/python3'];

export const twisted = pythonSystem('Twisted', 'twisted');
export const asyncio = pythonSystem('asyncio', 'asyncio');

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
