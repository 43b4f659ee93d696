import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fiveServers } from './systems/system.js';
import { HerdSystem } from './systems/herd.js';
import { theseModules } from './systems/herd-build.js';
import { LoadGenerator } from './load/load-generator.js';
import { renderFlameGraph, type CpuProfile } from './report/flame-graph.js';
import { pinToLoadCore } from './support/cores.js';
import { createFolder } from './support/folder.js';
import { profileFolderVariable } from './support/profiling.js';

/*
 * Profiles servers of the real command under load and draws the flame graphs of the documentation.
 *
 *   npm run bench:flame
 */

/** Duration of the load, and of the part at its end that is drawn, in milliseconds: by then hot code is compiled. */
const loadMs = 30_000;
const drawnMs = 8_000;

/** The graphs: the server that receives the load, and for the pipelined load also a relay. */
const graphs = [
  {
    load: 'pipelined',
    depth: 16,
    server: 'Metta',
    title: 'The server that receives the load, 16 in flight on 64 connections',
  },
  { load: 'pipelined', depth: 16, server: 'Bryant', title: 'Its neighbour, which forwards every report' },
  {
    load: 'one-in-flight',
    depth: 1,
    server: 'Metta',
    title: 'The server that receives the load, one in flight on 64 connections',
  },
] as const;

const herd = new HerdSystem('Herd', { processes: 'one-per-server', build: theseModules });

pinToLoadCore();
for (const depth of new Set(graphs.map((graph) => graph.depth))) {
  const profiles = await profileUnderLoad(depth);
  for (const { load, server, title } of graphs.filter((graph) => graph.depth === depth)) {
    const profile = profiles.get(server);
    if (profile === undefined) throw new Error(`${server}: no profile was written`);
    // The compiled file is in dist/bench.
    const file = new URL(`../../bench/flame-${load}-${server.toLowerCase()}.svg`, import.meta.url);
    writeFileSync(file, renderFlameGraph(title, profile, drawnMs));
    process.stdout.write(`${title}: ${file.pathname}\n`);
  }
}

/** Runs five server processes under load; returns their CPU profiles by server name. */
async function profileUnderLoad(depth: number): Promise<Map<string, CpuProfile>> {
  const folder = createFolder();
  const { env } = process;
  env[profileFolderVariable] = folder;
  env['NODE_OPTIONS'] = `--import ${new URL('support/profiling.js', import.meta.url).href}`;
  const running = await herd.start({ topology: fiveServers, log: 'every-line' });
  delete env['NODE_OPTIONS'];
  const generator = new LoadGenerator();
  try {
    await generator.run({
      port: running.ports.get('Metta') ?? 0,
      workload: 'iamat',
      mode: { kind: 'closed', depth },
      connections: 64,
      clients: 16_384,
      warmUpMs: loadMs,
      warmUpRounds: 1,
      measureMs: 100,
      followerPorts: [],
      maxLagMs: Infinity,
      pids: [],
    });
  } finally {
    generator.stop();
    await running.stop();
  }
  const read = (pid: number) => JSON.parse(readFileSync(join(folder, `${pid}.cpuprofile`), 'utf8')) as CpuProfile;
  return new Map([...running.pids].map(([server, pid]) => [server, read(pid)]));
}
