import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fiveServers } from './systems/contestant.js';
import { Herd } from './systems/herd.js';
import { Generator } from './load/generator.js';
import { flameGraphOf, type CpuProfile } from './report/flame-graph.js';
import { pinSelf } from './support/cores.js';
import { makeFolder } from './support/folder.js';
import { profileFolderVariable } from './support/profiling.js';

/*
 * Where the time of a server goes: profiles of the real command under load, as flame graphs for the docs.
 *
 *   npm run bench:flame
 */

/** Milliseconds of load, and how much of its end is drawn: what runs often is compiled by then. */
const loadMs = 30_000;
const drawnMs = 8_000;

/** What is drawn: of each load the server that gets it, and a relay. */
const drawings = [
  {
    load: 'pipelined',
    depth: 16,
    server: 'Metta',
    title: 'The server that gets the load, 16 in flight on 64 connections',
  },
  { load: 'pipelined', depth: 16, server: 'Bryant', title: 'Its neighbour, which passes everything on' },
  {
    load: 'one-in-flight',
    depth: 1,
    server: 'Metta',
    title: 'The server that gets the load, one in flight on 64 connections',
  },
] as const;

const herd = new Herd('Herd', 'one a server', {}, 'web', 'modules');

pinSelf();
for (const depth of new Set(drawings.map((drawing) => drawing.depth))) {
  const profiles = await profiledUnder(depth);
  for (const { load, server, title } of drawings.filter((drawing) => drawing.depth === depth)) {
    const profile = profiles.get(server);
    if (profile === undefined) throw new Error(`${server} wrote no profile`);
    // Compiled, this file stands in dist/bench.
    const file = new URL(`../../docs/images/flame-${load}-${server.toLowerCase()}.svg`, import.meta.url);
    writeFileSync(file, flameGraphOf(title, profile, drawnMs));
    process.stdout.write(`${title}: ${file.pathname}\n`);
  }
}

/** Runs five processes under load, and returns the profile of each by the name of its server. */
async function profiledUnder(depth: number): Promise<Map<string, CpuProfile>> {
  const folder = makeFolder();
  const { env } = process;
  env[profileFolderVariable] = folder;
  env['NODE_OPTIONS'] = `--import ${new URL('support/profiling.js', import.meta.url).href}`;
  const running = await herd.start({ talks: fiveServers, log: 'every line' });
  delete env['NODE_OPTIONS'];
  const generator = new Generator();
  try {
    await generator.play({
      port: running.ports.get('Metta') ?? 0,
      workload: 'iamat',
      pace: { kind: 'closed', depth },
      connections: 64,
      clients: 16_384,
      warmUpMs: loadMs,
      warmUpRounds: 1,
      measureMs: 100,
      watched: [],
      behindAllowedMs: Infinity,
      pids: [],
    });
  } finally {
    generator.stop();
    await running.stop();
  }
  const read = (pid: number) => JSON.parse(readFileSync(join(folder, `${pid}.cpuprofile`), 'utf8')) as CpuProfile;
  return new Map([...running.pids].map(([server, pid]) => [server, read(pid)]));
}
