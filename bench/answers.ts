import { spawnSync } from 'node:child_process';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient, queryLocation } from './support/line-client.js';

/*
 * Checks the guarantee of an acknowledged report (IA7 in docs/reference/client-protocol.md) between processes that share one core
 * with the client: a neighbour queried right after the response has the location, and a server killed right after the response has
 * not lost it. Exit code 1 if either fails.
 *
 *   npm run bench:answers -- [reads, 300] [kills, 20]
 */

const reads = Number(process.argv[2] ?? 300);
const kills = Number(process.argv[3] ?? 20);
const linkTimeoutMs = 20_000;

// Child processes inherit the core.
spawnSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)]);

const herd = await BenchHerd.start({ proxies: 'none', topology: { Blake: ['Bryant'] }, settings: {} });

/** Reports until the neighbour has the location, which shows that the two are linked. */
async function waitUntilLinked(reporter: LineClient, reader: LineClient, client: string): Promise<void> {
  const endMs = performance.now() + linkTimeoutMs;
  while (performance.now() < endMs) {
    const at = await reporter.request(`IAMAT ${client} +1+1 1`);
    if ((await queryLocation(reader, client)) === at) return;
  }
  throw new Error(`Blake and Bryant: not linked within ${linkTimeoutMs} ms`);
}

function printVerdict(property: string, passed: number, total: number): void {
  process.stdout.write(`${passed === total ? 'passed' : 'FAILED'}  ${property}: ${passed} of ${total}\n`);
  if (passed !== total) process.exitCode = 1;
}

try {
  const reader = await LineClient.connect(herd.portOf('Bryant'));
  const reporter = await LineClient.connect(herd.portOf('Blake'));
  await waitUntilLinked(reporter, reader, 'reader');
  let known = 0;
  for (let read = 1; read <= reads; read += 1) {
    const position = read % 2 === 0 ? '+34.068930-118.445127' : '-27.5916+086.5640';
    const at = await reporter.request(`IAMAT reader ${position} ${read + 1}`);
    if ((await queryLocation(reader, 'reader')) === at) known += 1;
  }
  reporter.close();
  printVerdict('a neighbour queried right after the response has the location', known, reads);
  let kept = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const client = await LineClient.connect(herd.portOf('Blake'));
    await waitUntilLinked(client, reader, `phone-${kill}`);
    const at = await client.request(`IAMAT phone-${kill} +34.068930-118.445127 2`);
    await herd.kill('Blake');
    if ((await queryLocation(reader, `phone-${kill}`)) === at) kept += 1;
    await herd.launch('Blake');
  }
  printVerdict('kill -9 right after the response does not lose the location', kept, kills);
  reader.close();
} finally {
  await herd.stop();
}
