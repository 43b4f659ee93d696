import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createFolder } from './folder.js';

/**
 * Installs versions of Node.js from npm into a temporary folder; returns the executables by exact version, such as `v22.1.0`.
 * @param versions such as `22`
 * @throws Error if one cannot be installed
 */
export function installNodes(versions: readonly string[]): ReadonlyMap<string, string> {
  return new Map(versions.map(installNode));
}

function installNode(version: string): [version: string, file: string] {
  const folder = createFolder();
  // The package `node` would install this one by a script, which npm may refuse to run.
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(join(folder, 'node_modules'));
  const install = spawnSync('npm', ['install', '--no-save', '--prefix', folder, `${name}@${version}`], {
    encoding: 'utf8',
  });
  const file = join(folder, 'node_modules', name, 'bin/node');
  const { stdout, status } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Node.js ${version}: cannot be installed from npm (${install.stderr.trim()})`);
  return [stdout.trim(), file];
}
