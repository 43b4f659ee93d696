import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { defaultTimeoutMs } from '../support/eventually.js';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../../../', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: true }>>;
}

async function readJson<Content>(...path: string[]): Promise<Content> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as Content;
}

/**
 * Does what `npm install ./herd.tgz` does in an empty folder, without a network: the package is unpacked, what it depends on at
 * run time is linked from this project, and nothing that only its developers have; its commands are put where npm puts them.
 */
async function install(folder: string): Promise<Manifest> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  // What is packed has been built: to build it again would change files under other tests.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: project,
  });
  await run('tar', ['-xzf', join(folder, packed.stdout.trim()), '-C', modules]);
  await run('mv', [join(modules, 'package'), join(modules, 'herd')]);
  const { packages } = await readJson<LockFile>(project, 'package-lock.json');
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev === true || !/^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    // Optional ones may be for another system.
    await symlink(join(project, path), join(folder, path));
  }
  const manifest = await readJson<Manifest>(modules, 'herd', 'package.json');
  for (const [name, file] of Object.entries(manifest.bin)) {
    await chmod(join(modules, 'herd', file), 0o755);
    await symlink(join(modules, 'herd', file), join(modules, '.bin', name));
  }
  return manifest;
}

describe('the package', function () {
  this.timeout(4 * defaultTimeoutMs);
  let folder: string;
  let manifest: Manifest;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-package-'));
    manifest = await install(folder);
  });
  after(() => rm(folder, { recursive: true }));

  /** Runs a command as a shell there finds it. */
  function shell(command: string, ...args: string[]): Promise<{ stdout: string }> {
    const path = [join(folder, 'node_modules', '.bin'), dirname(process.execPath), process.env['PATH']];
    return run(command, args, { cwd: folder, env: { ...process.env, PATH: path.join(delimiter) } });
  }

  it('has herd on the PATH, with the herd that is shipped', async () => {
    expect((await shell('herd', '--version')).stdout).to.equal(`${manifest.version}\n`);
    expect((await shell('herd', 'check')).stdout).to.match(/herd\.yaml is valid: herd twitter, 5 servers/);
  });

  it('has the files that its README and the guide to systemd name', async () => {
    const installed = join(folder, 'node_modules', 'herd');
    const named = async (page: string) => {
      const text = await readFile(join(installed, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => join(dirname(page), link));
      const copied = [...text.matchAll(/^install .* (deploy\/\S+)/gm)].map(([, file = '']) => file);
      return [...links, ...copied];
    };
    const files = [...(await named('README.md')), ...(await named('docs/guides/deploy-systemd.md'))];
    expect(files).to.include.members(['docs/images/dashboard.png', 'docs/index.md', 'deploy/systemd/herd@.service']);
    const missing = files.filter((file) => !existsSync(join(installed, file)));
    expect(missing).to.deep.equal([]);
  });

  it('runs a herd in the process of a program, and clients of it', async () => {
    await writeFile(join(folder, 'program.mjs'), await readFile(join(project, 'test/package/program.mjs')));
    const { stdout } = await shell('node', 'program.mjs');
    expect(JSON.parse(stdout)).to.deep.equal({ page: 200, client: 'kiwi', server: 'Metta', posts: 2 });
  });

  it('has types, which allow what is right and nothing else, without the types of Node', async () => {
    await writeFile(join(folder, 'types.mts'), await readFile(join(project, 'test/package/types.ts')));
    const compilerOptions = {
      ...{ module: 'NodeNext', target: 'ES2023', lib: ['ES2023', 'DOM'], types: [] },
      ...{ strict: true, noEmit: true, skipLibCheck: false },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.mts'] }));
    const compiled = await shell('node', join(project, 'node_modules/typescript/bin/tsc'), '-p', folder).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(compiled.stdout).to.equal('');
  });
});
