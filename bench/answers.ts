import { spawnSync } from 'node:child_process';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient, whereIs } from './support/line-client.js';

/*
 * What an answer to a report means ([IA7] in docs/protocol.md), over processes, all on one core with the client: a neighbour that is
 * asked right after the answer knows the location, and a server that is killed right after it has not lost it. Ends with 1 if not.
 *
 *   npm run bench:answers -- [reads, 300] [kills, 20]
 */

const reads = Number(process.argv[2] ?? 300);
const kills = Number(process.argv[3] ?? 20);
const linkedWithinMs = 20_000;

// What is started from now on runs there too.
spawnSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)]);

const herd = await BenchHerd.start({ proxies: 'none', talks: { Blake: ['Bryant'] }, settings: {} });

/** Reports until the neighbour knows it: then the two are linked. */
async function linked(reporter: LineClient, asker: LineClient, client: string): Promise<void> {
  const endMs = performance.now() + linkedWithinMs;
  while (performance.now() < endMs) {
    const at = await reporter.ask(`IAMAT ${client} +1+1 1`);
    if ((await whereIs(asker, client)) === at) return;
  }
  throw new Error('the two servers are not linked');
}

function verdict(what: string, held: number, of: number): void {
  process.stdout.write(`${held === of ? 'holds ' : 'BROKEN'}  ${what}: ${held} of ${of}\n`);
  if (held !== of) process.exitCode = 1;
}

try {
  const asker = await LineClient.connect(herd.portOf('Bryant'));
  const reporter = await LineClient.connect(herd.portOf('Blake'));
  await linked(reporter, asker, 'reader');
  let known = 0;
  for (let read = 1; read <= reads; read += 1) {
    const position = read % 2 === 0 ? '+34.068930-118.445127' : '-27.5916+086.5640';
    const at = await reporter.ask(`IAMAT reader ${position} ${read + 1}`);
    if ((await whereIs(asker, 'reader')) === at) known += 1;
  }
  reporter.close();
  verdict('a neighbour asked right after the answer knows the location', known, reads);
  let kept = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const client = await LineClient.connect(herd.portOf('Blake'));
    await linked(client, asker, `phone-${kill}`);
    const at = await client.ask(`IAMAT phone-${kill} +34.068930-118.445127 2`);
    await herd.kill('Blake');
    if ((await whereIs(asker, `phone-${kill}`)) === at) kept += 1;
    await herd.launch('Blake');
  }
  verdict('kill -9 right after the answer does not lose the location', kept, kills);
  asker.close();
} finally {
  await herd.stop();
}
