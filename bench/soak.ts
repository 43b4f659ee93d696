import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../src/simulation/time/seeded-random.js';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient, queryLocation } from './support/line-client.js';

/*
 * Soak test: five servers of the real command, 2,000 moving clients, and random faults: servers are killed or paused, links are cut
 * or turned into black holes. Every minute all faults end, and all servers must converge to the same locations. Memory is printed
 * then and must stay flat. An acknowledged report that no server has afterwards counts as lost. Exit code 1 if servers differ.
 *
 *   npm run bench:soak -- [minutes] [seed]
 */

const minutes = Number(process.argv[2] ?? 10);
const seed = process.argv[3] ?? '1';
const clientCount = 2_000;
/** Average time between two reports of a client, in milliseconds. */
const reportIntervalMs = 2_000;
const convergenceTimeoutMs = 20_000;

const random = new SeededRandom(seed);
const between = (low: number, high: number): number => low + random.next() * (high - low);
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;

const herd = await BenchHerd.start({
  proxies: 'every-link',
  topology: { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] },
  // A minimal lookup timeout: a query must be answered from the server's own store.
  settings: { peers: { antiEntropySeconds: 5 }, limits: { lookupTimeoutMs: 1 } },
});

type Phase = 'faults' | 'calm' | 'over';
let phase: Phase = 'faults';
/** A function, because the phase changes during an await. */
const isPhase = (expected: Phase): boolean => phase === expected;
const newest = new Map<string, string>();
const counts = { reports: 0, reconnects: 0, kills: 0, pauses: 0, cuts: 0, blackholes: 0 };

/** A phone: reports to a random server, and connects to another one when the connection fails. */
async function runPhone(id: string): Promise<void> {
  let reportCount = 0;
  while (!isPhase('over')) {
    try {
      const client = await LineClient.connect(herd.portOf(pick(herd.servers)));
      while (!isPhase('over')) {
        await pause(between(0, 2 * reportIntervalMs));
        if (!isPhase('faults')) continue;
        reportCount += 1;
        const time = `${Math.floor(Date.now() / 1_000)}.${String(reportCount).padStart(9, '0')}`;
        const response = await withDeadline(client.request(`IAMAT ${id} +34.068930-118.445127 ${time}`));
        if (!response.startsWith('AT ')) throw new Error(`${id}: unexpected response ${response}`);
        counts.reports += 1;
        newest.set(id, time);
      }
      client.close();
    } catch {
      counts.reconnects += 1;
      await pause(between(100, 1_000));
    }
  }
}

/** Rejects after three seconds: a paused server does not respond. */
function withDeadline(response: Promise<string>): Promise<string> {
  return Promise.race([
    response,
    pause(3_000, undefined, { ref: false }).then(() => Promise.reject(new Error('no response within 3 s'))),
  ]);
}

/** Injects one fault and ends it; a cut needs no end. */
async function injectFault(): Promise<void> {
  const server = pick(herd.servers);
  const proxy = herd.proxyOf(pick(herd.edges));
  const durationMs = between(500, 9_000);
  switch (pick(['kill', 'pause', 'cut', 'blackhole'] as const)) {
    case 'kill':
      if (!herd.isUp(server)) return;
      counts.kills += 1;
      await herd.kill(server);
      await pause(durationMs);
      await herd.launch(server);
      return;
    case 'pause':
      counts.pauses += 1;
      herd.signal(server, 'SIGSTOP');
      await pause(durationMs);
      herd.signal(server, 'SIGCONT');
      return;
    case 'cut':
      counts.cuts += 1;
      proxy.cut();
      return;
    case 'blackhole':
      counts.blackholes += 1;
      proxy.setToxic({ kind: 'blackhole' });
      await pause(durationMs);
      proxy.setToxic({ kind: 'pass' });
  }
}

/** Counts clients whose location differs between servers, and clients whose last acknowledged report no server has. */
async function compare(ids: readonly string[]): Promise<{ differing: number; lost: number }> {
  const linesByClient = new Map<string, Set<string>>();
  for (const server of herd.servers) {
    const client = await LineClient.connect(herd.portOf(server));
    for (const at of await Promise.all(ids.map((id) => queryLocation(client, id)))) {
      const id = at?.split(' ')[3] ?? '';
      linesByClient.set(id, (linesByClient.get(id) ?? new Set()).add(at ?? ''));
    }
    client.close();
  }
  const times = (id: string) => [...(linesByClient.get(id) ?? [])].map((at) => at.split(' ')[5] ?? '');
  return {
    differing: (linesByClient.get('')?.size ?? 0) + ids.filter((id) => times(id).length !== 1).length,
    lost: ids.filter((id) => times(id).every((time) => time < (newest.get(id) ?? ''))).length,
  };
}

const phones = Array.from({ length: clientCount }, (_, index) => runPhone(`phone${index}`));
const memory: number[][] = [];
let verdict: 'passed' | 'failed' = 'passed';
for (let minute = 1; minute <= minutes; minute += 1) {
  phase = 'faults';
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs) {
    await pause(between(500, 3_000));
    await injectFault();
  }
  phase = 'calm';
  const startedMs = performance.now();
  // Querying all clients takes seconds, so a sample is polled until it has converged.
  const sample = [...newest.keys()].slice(0, 100);
  while ((await compare(sample)).differing > 0 && performance.now() - startedMs < convergenceTimeoutMs)
    await pause(100);
  const tookMs = Math.round(performance.now() - startedMs);
  const { differing, lost } = await compare([...newest.keys()]);
  if (differing > 0) verdict = 'failed';
  const megabytes = herd.servers.map((server) => Math.round(herd.residentBytes(server) / 1_048_576));
  memory.push(megabytes);
  process.stdout.write(
    `minute ${minute}: ${differing === 0 ? `converged after ${tookMs} ms` : `${differing} clients differ`}, ${lost} lost; memory ${megabytes.join(' ')} MB; ${JSON.stringify(counts)}\n`,
  );
}
phase = 'over';
await Promise.all(phones);
await herd.stop();
process.stdout.write(`${verdict}: ${minutes} minutes, seed ${seed}, ${JSON.stringify(counts)}\n`);
process.exitCode = verdict === 'passed' ? 0 : 1;
