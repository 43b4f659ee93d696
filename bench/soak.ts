import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../src/simulation/time/seeded-random.js';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient, whereIs } from './support/line-client.js';

/*
 * A soak: five servers of the real command, 2,000 clients that move, and servers that are killed or stopped and links that are cut
 * or swallow everything, at random. Every minute all is mended, and all servers must come to hold the same. Memory is read
 * then: it must be flat. A report that was answered by a server that died before it could tell anybody is lost; those are counted.
 *
 *   npm run bench:soak -- [minutes] [seed]
 */

const minutes = Number(process.argv[2] ?? 10);
const seed = process.argv[3] ?? '1';
const clientCount = 2_000;
/** Milliseconds between two reports of a client, on average. */
const reportEveryMs = 2_000;
const convergeWithinMs = 20_000;

const random = new SeededRandom(seed);
const between = (low: number, high: number): number => low + random.next() * (high - low);
const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;

const herd = await BenchHerd.start({
  proxies: 'on every link',
  talks: { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] },
  // A question for what a server does not know is hardly asked of the others: the soak wants to know what each of them holds.
  settings: { links: { repairSeconds: 5 }, limits: { seekMs: 1 } },
});

type Phase = 'faults' | 'calm' | 'over';
let phase: Phase = 'faults';
/** A function, because the phase changes while something is awaited. */
const isPhase = (which: Phase): boolean => phase === which;
const newest = new Map<string, string>();
const counts = { reports: 0, broken: 0, killed: 0, stopped: 0, cut: 0, swallowed: 0 };

/** A phone: reports to any server, and goes to another when that one goes away. */
async function phone(id: string): Promise<void> {
  let moves = 0;
  while (!isPhase('over')) {
    try {
      const client = await LineClient.connect(herd.portOf(oneOf(herd.servers)));
      while (!isPhase('over')) {
        await pause(between(0, 2 * reportEveryMs));
        if (!isPhase('faults')) continue;
        moves += 1;
        const time = `${Math.floor(Date.now() / 1_000)}.${String(moves).padStart(9, '0')}`;
        const answer = await withDeadline(client.ask(`IAMAT ${id} +34.068930-118.445127 ${time}`));
        if (!answer.startsWith('AT ')) throw new Error(`${id} was answered ${answer}`);
        counts.reports += 1;
        newest.set(id, time);
      }
      client.close();
    } catch {
      counts.broken += 1;
      await pause(between(100, 1_000));
    }
  }
}

/** A server that is stopped answers nobody; a phone does not wait for ever. */
function withDeadline(answer: Promise<string>): Promise<string> {
  return Promise.race([
    answer,
    pause(3_000, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer'))),
  ]);
}

/** One fault, and its end. */
async function fault(): Promise<void> {
  const server = oneOf(herd.servers);
  const proxy = herd.proxyOf(oneOf(herd.edges));
  const lastsMs = between(500, 9_000);
  switch (oneOf(['kill', 'stop', 'cut', 'swallow'] as const)) {
    case 'kill':
      if (!herd.isUp(server)) return;
      counts.killed += 1;
      await herd.kill(server);
      await pause(lastsMs);
      await herd.launch(server);
      return;
    case 'stop':
      counts.stopped += 1;
      herd.signal(server, 'SIGSTOP');
      await pause(lastsMs);
      herd.signal(server, 'SIGCONT');
      return;
    case 'cut':
      counts.cut += 1;
      proxy.cut();
      return;
    case 'swallow':
      counts.swallowed += 1;
      proxy.set({ kind: 'drop' });
      await pause(lastsMs);
      proxy.set({ kind: 'pass' });
  }
}

/** Clients on which servers do not agree, and those whose location is older everywhere than what was answered last. */
async function compare(ids: readonly string[]): Promise<{ differing: number; lost: number }> {
  const held = new Map<string, Set<string>>();
  for (const server of herd.servers) {
    const client = await LineClient.connect(herd.portOf(server));
    for (const at of await Promise.all(ids.map((id) => whereIs(client, id)))) {
      const id = at?.split(' ')[3] ?? '';
      held.set(id, (held.get(id) ?? new Set()).add(at ?? ''));
    }
    client.close();
  }
  const times = (id: string) => [...(held.get(id) ?? [])].map((at) => at.split(' ')[5] ?? '');
  return {
    differing: (held.get('')?.size ?? 0) + ids.filter((id) => times(id).length !== 1).length,
    lost: ids.filter((id) => times(id).every((time) => time < (newest.get(id) ?? ''))).length,
  };
}

const phones = Array.from({ length: clientCount }, (_, index) => phone(`phone${index}`));
const memory: number[][] = [];
let verdict: 'held' | 'violated' = 'held';
for (let minute = 1; minute <= minutes; minute += 1) {
  phase = 'faults';
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs) {
    await pause(between(500, 3_000));
    await fault();
  }
  phase = 'calm';
  const startedMs = performance.now();
  // To ask for all takes seconds, because each question goes on to the upstream; so a few are asked for until they agree.
  const few = [...newest.keys()].slice(0, 100);
  while ((await compare(few)).differing > 0 && performance.now() - startedMs < convergeWithinMs) await pause(100);
  const tookMs = Math.round(performance.now() - startedMs);
  const { differing, lost } = await compare([...newest.keys()]);
  if (differing > 0) verdict = 'violated';
  const megabytes = herd.servers.map((server) => Math.round(herd.residentBytes(server) / 1_048_576));
  memory.push(megabytes);
  process.stdout.write(
    `minute ${minute}: ${differing === 0 ? `all agree after ${tookMs} ms` : `${differing} clients differ`}, ${lost} lost; memory ${megabytes.join(' ')} MB; ${JSON.stringify(counts)}\n`,
  );
}
phase = 'over';
await Promise.all(phones);
await herd.stop();
process.stdout.write(`${verdict}: ${minutes} minutes, seed ${seed}, ${JSON.stringify(counts)}\n`);
process.exitCode = verdict === 'held' ? 0 : 1;
