import { setTimeout as pause } from 'node:timers/promises';
import { BenchHerd, type BenchPlan } from './support/bench-herd.js';
import { LineClient, queryLocation } from './support/line-client.js';

/*
 * Measures catch-up after failures: two servers of the real command with logging on and a fault proxy between them. Cases: a link
 * that was down, an empty server, and a paused neighbour.
 *
 *   npm run bench:resilience -- [clients, 1000000]
 */

const clientCount = Number(process.argv[2] ?? 1_000_000);
const changedCount = 100;
/** Reports in flight while a store is filled. */
const fillDepth = 2_000;
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;

async function startTwoServers(proxies: BenchPlan['proxies']): Promise<BenchHerd> {
  return BenchHerd.start({
    proxies,
    topology: { Blake: ['Bryant'] },
    // A minimal lookup timeout: a query must be answered from the server's own store.
    settings: { limits: { lookupTimeoutMs: 1, maxCommandsPerSecond: 1_000_000 } },
  });
}

function report(client: LineClient, id: string, time: number): Promise<string> {
  return client.request(`IAMAT ${id} +34.068930-118.445127 ${time}`);
}

/** Reports `count` clients to a server, pipelined. */
async function fill(herd: BenchHerd, server: string, count: number, time: number): Promise<void> {
  const client = await LineClient.connect(herd.portOf(server));
  let inFlight: Promise<string>[] = [];
  for (let index = 0; index < count; index += 1) {
    inFlight.push(report(client, `phone${index}`, time));
    if (inFlight.length < fillDepth) continue;
    await Promise.all(inFlight);
    inFlight = [];
  }
  await Promise.all(inFlight);
  client.close();
}

/** Waits until a server stores locations at least as new as `time` for all clients; returns the time that took, in milliseconds. */
async function waitForAgreement(
  herd: BenchHerd,
  server: string,
  ids: readonly string[],
  time: number,
): Promise<number> {
  const startedMs = performance.now();
  const client = await LineClient.connect(herd.portOf(server));
  for (const id of ids) {
    for (;;) {
      const at = await queryLocation(client, id);
      if (Number(at?.split(' ')[5] ?? 0) >= time) break;
      await pause(5);
    }
  }
  client.close();
  return performance.now() - startedMs;
}

/** Measures response times in the background: ten connections with one report in flight on each. */
class LatencyProbe {
  private readonly latenciesMs: number[] = [];
  private isStopped = false;
  private readonly done: Promise<unknown>;

  constructor(port: number) {
    this.done = Promise.all(Array.from({ length: 10 }, (_, index) => this.measure(port, `probe${port}x${index}`)));
  }

  async stop(): Promise<string> {
    this.isStopped = true;
    await this.done;
    const sorted = this.latenciesMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]?.toFixed(1);
    return `${sorted.length} responses, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
  }

  private async measure(port: number, id: string): Promise<void> {
    const client = await LineClient.connect(port);
    for (let time = 1; !this.hasStopped(); time += 1) {
      const startedMs = performance.now();
      await report(client, id, time);
      this.latenciesMs.push(performance.now() - startedMs);
      await pause(10);
    }
    client.close();
  }

  /** A method, because the flag changes while `measure` awaits. */
  private hasStopped(): boolean {
    return this.isStopped;
  }
}

const countMatches = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const phoneIds = (count: number): string[] => Array.from({ length: count }, (_, index) => `phone${index}`);

async function measureCatchUp(): Promise<void> {
  const herd = await startTwoServers('every-link');
  const proxy = herd.proxyOf(['Blake', 'Bryant']);
  await fill(herd, 'Blake', clientCount, 1);
  await waitForAgreement(herd, 'Bryant', [`phone${clientCount - 1}`, 'phone0'], 1);
  await proxy.stop();
  await fill(herd, 'Bryant', changedCount, 2);
  const before = [herd.logBytes('Blake'), herd.logBytes('Bryant')] as const;
  await proxy.start();
  const { connectionCount } = proxy;
  while (proxy.connectionCount === connectionCount) await pause(1);
  const startedMs = performance.now();
  await Promise.all([
    herd.waitForLiveLink('Blake', 'Bryant', before[0]),
    herd.waitForLiveLink('Bryant', 'Blake', before[1]),
  ]);
  const tookMs = performance.now() - startedMs;
  await waitForAgreement(herd, 'Blake', phoneIds(changedCount), 2);
  const transferred =
    countMatches(herd.logFrom('Blake', before[0]), / in AT /g) +
    countMatches(herd.logFrom('Bryant', before[1]), / in AT /g);
  print(
    `${clientCount} locations, ${changedCount} changed while the link was down: converged ${tookMs.toFixed(0)} ms after ` +
      `reconnection, ${transferred} locations transferred (${((100 * transferred) / clientCount).toFixed(2)} %)`,
  );
  await herd.stop();
}

async function waitUntilAccepting(herd: BenchHerd, server: string): Promise<void> {
  for (;;) {
    try {
      (await LineClient.connect(herd.portOf(server))).close();
      return;
    } catch {
      await pause(5);
    }
  }
}

async function measureRefill(): Promise<void> {
  const herd = await startTwoServers('none');
  await fill(herd, 'Blake', clientCount, 1);
  await herd.kill('Bryant');
  const before = herd.logBytes('Blake');
  const launched = herd.launch('Bryant');
  await waitUntilAccepting(herd, 'Bryant');
  const startedMs = performance.now();
  const probes = herd.servers.map((server) => new LatencyProbe(herd.portOf(server)));
  await herd.waitForLiveLink('Blake', 'Bryant', before);
  await herd.waitForLiveLink('Bryant', 'Blake', 0);
  const tookMs = performance.now() - startedMs;
  const [blake, bryant] = await Promise.all(probes.map((probe) => probe.stop()));
  await launched;
  const step = Math.max(1, Math.floor(clientCount / 1_000));
  const sample = phoneIds(clientCount).filter((_, index) => index % step === 0);
  await waitForAgreement(herd, 'Bryant', sample, 1);
  await herd.stop();
  print(`an empty server received ${clientCount} locations in ${(tookMs / 1_000).toFixed(1)} s`);
  print(`  clients of the sending server:   ${blake}`);
  print(`  clients of the receiving server: ${bryant}`);
}

async function measurePausedNeighbour(): Promise<void> {
  const herd = await startTwoServers('none');
  const phones = 10_000;
  await fill(herd, 'Blake', phones, 1);
  await waitForAgreement(herd, 'Bryant', phoneIds(phones), 1);
  const client = await LineClient.connect(herd.portOf('Blake'));
  const perSecond = 20_000;
  let time = 2;
  let sent = 0;
  const runRound = async (seconds: number): Promise<number> => {
    let maxBytes = 0;
    const startedMs = performance.now();
    for (let done = 0; done < seconds * perSecond; done += 200) {
      const responses = Array.from({ length: 200 }, () => {
        const id = `phone${sent % phones}`;
        if (sent % phones === 0) time += 1;
        sent += 1;
        return report(client, id, time);
      });
      await Promise.all(responses);
      maxBytes = Math.max(maxBytes, herd.residentBytes('Blake'));
      const aheadMs = (done / perSecond) * 1_000 - (performance.now() - startedMs);
      if (aheadMs > 1) await pause(aheadMs);
    }
    print(`  ${perSecond * seconds} updates in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    return maxBytes;
  };
  const before = await runRound(30);
  herd.signal('Bryant', 'SIGSTOP');
  const during = await runRound(30);
  const logged = herd.logBytes('Bryant');
  herd.signal('Bryant', 'SIGCONT');
  const startedMs = performance.now();
  await herd.waitForLiveLink('Bryant', 'Blake', logged);
  const tookMs = performance.now() - startedMs;
  await waitForAgreement(herd, 'Bryant', phoneIds(phones), time - 1);
  print(
    `a neighbour paused for 30 s at ${perSecond} updates per second of ${phones} clients: peak memory of the sender ` +
      `${megabytes(before)} before, ${megabytes(during)} during the pause; converged ${tookMs.toFixed(0)} ms after it resumed`,
  );
  client.close();
  await herd.stop();
}

await measureCatchUp();
await measureRefill();
await measurePausedNeighbour();
