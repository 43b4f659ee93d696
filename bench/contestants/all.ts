import { fileURLToPath } from 'node:url';
import { Herd } from './herd.js';
import { PeerHerd } from './peer-herd.js';

const bareProgram = fileURLToPath(new URL('../peers/bare-node.js', import.meta.url));

export const herd = new Herd('Herd, five processes', 'one a server');
export const herdInOne = new Herd('Herd, one process', 'one');
export const bareNode = new PeerHerd(
  'bare Node',
  () => [process.execPath, bareProgram],
  () => undefined,
);
