import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Herd } from './herd.js';
import { PeerHerd } from './peer-herd.js';

export const herd = new Herd('Herd, five processes', 'one a server');
export const herdInOne = new Herd('Herd, one process', 'one');

const bareProgram = fileURLToPath(new URL('../baselines/bare-node.js', import.meta.url));

export const bareNode = new PeerHerd(
  'bare Node',
  () => [process.execPath, bareProgram],
  () => undefined,
);

/** Debian's own comes second: another one may stand before it, without Debian's packages. */
const pythons = ['python3', '/usr/bin/python3'];

export const twisted = python('Twisted', 'twisted');
export const asyncio = python('asyncio', 'asyncio');

/** A herd of bench/peers in Python. What is compiled stands in dist; Python is not. */
function python(name: string, module: string): PeerHerd {
  const program = fileURLToPath(new URL(`../../../bench/baselines/${module}_herd.py`, import.meta.url));
  const found = () => pythons.find((each) => spawnSync(each, ['-c', `import ${module}`]).status === 0);
  return new PeerHerd(
    name,
    () => [found() ?? '', '-u', program],
    () => (found() === undefined ? `there is no python3 with ${module}` : undefined),
  );
}
