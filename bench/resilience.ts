import { setTimeout as pause } from 'node:timers/promises';
import { BenchHerd, type BenchPlan } from './support/bench-herd.js';
import { LineClient, whereIs } from './support/line-client.js';

/*
 * What it costs to make good what a neighbour missed: two servers of the real command, their logs on, a proxy between them.
 *
 *   npm run bench:resilience -- [clients, 1000000]
 */

const clientCount = Number(process.argv[2] ?? 1_000_000);
const changedCount = 100;
/** Reports under way at once while the store is filled. */
const fillDepth = 2_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;

async function twoServers(proxies: BenchPlan['proxies']): Promise<BenchHerd> {
  return BenchHerd.start({
    proxies,
    talks: { Blake: ['Bryant'] },
    // What a server does not know is hardly asked of the other: it is its own memory that counts.
    settings: { limits: { seekMs: 1, commandsPerSecondMax: 1_000_000 } },
  });
}

function report(client: LineClient, id: string, time: number): Promise<string> {
  return client.ask(`IAMAT ${id} +34.068930-118.445127 ${time}`);
}

/** Reports so many clients at a server, many at a time. */
async function fill(herd: BenchHerd, server: string, count: number, time: number): Promise<void> {
  const client = await LineClient.connect(herd.portOf(server));
  let underWay: Promise<string>[] = [];
  for (let index = 0; index < count; index += 1) {
    underWay.push(report(client, `phone${index}`, time));
    if (underWay.length < fillDepth) continue;
    await Promise.all(underWay);
    underWay = [];
  }
  await Promise.all(underWay);
  client.close();
}

/** Waits until a server holds locations of that time or newer for all of the clients; returns how long it took. */
async function agrees(herd: BenchHerd, server: string, ids: readonly string[], time: number): Promise<number> {
  const startedMs = performance.now();
  const client = await LineClient.connect(herd.portOf(server));
  for (const id of ids) {
    for (;;) {
      const at = await whereIs(client, id);
      if (Number(at?.split(' ')[5] ?? 0) >= time) break;
      await pause(5);
    }
  }
  client.close();
  return performance.now() - startedMs;
}

/** Milliseconds that answers take while something else goes on: one report in flight on each of a few connections. */
class LatencyProbe {
  private readonly tookMs: number[] = [];
  private state: 'running' | 'stopped' = 'running';
  private readonly done: Promise<unknown>;

  constructor(port: number) {
    this.done = Promise.all(Array.from({ length: 10 }, (_, index) => this.ask(port, `probe${port}x${index}`)));
  }

  async stop(): Promise<string> {
    this.state = 'stopped';
    await this.done;
    const sorted = this.tookMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]?.toFixed(1);
    return `${sorted.length} answers, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
  }

  private async ask(port: number, id: string): Promise<void> {
    const client = await LineClient.connect(port);
    for (let time = 1; this.isRunning(); time += 1) {
      const startedMs = performance.now();
      await report(client, id, time);
      this.tookMs.push(performance.now() - startedMs);
      await pause(10);
    }
    client.close();
  }

  private isRunning(): boolean {
    return this.state === 'running';
  }
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const idsTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `phone${index}`);

async function missedChanges(): Promise<void> {
  const herd = await twoServers('on every link');
  const proxy = herd.proxyOf(['Blake', 'Bryant']);
  await fill(herd, 'Blake', clientCount, 1);
  await agrees(herd, 'Bryant', [`phone${clientCount - 1}`, 'phone0'], 1);
  await proxy.down();
  await fill(herd, 'Bryant', changedCount, 2);
  const before = [herd.logBytes('Blake'), herd.logBytes('Bryant')] as const;
  await proxy.up();
  const { calls } = proxy;
  while (proxy.calls === calls) await pause(1);
  const startedMs = performance.now();
  await Promise.all([herd.linkIsLive('Blake', 'Bryant', before[0]), herd.linkIsLive('Bryant', 'Blake', before[1])]);
  const tookMs = performance.now() - startedMs;
  await agrees(herd, 'Blake', idsTo(changedCount), 2);
  const crossed =
    count(herd.logFrom('Blake', before[0]), / in AT /g) + count(herd.logFrom('Bryant', before[1]), / in AT /g);
  say(
    `${clientCount} locations, ${changedCount} changed while the link was down: agreed ${tookMs.toFixed(0)} ms after the ` +
      `call, ${crossed} locations crossed (${((100 * crossed) / clientCount).toFixed(2)} %)`,
  );
  await herd.stop();
}

async function takesClients(herd: BenchHerd, server: string): Promise<void> {
  for (;;) {
    try {
      (await LineClient.connect(herd.portOf(server))).close();
      return;
    } catch {
      await pause(5);
    }
  }
}

async function refill(): Promise<void> {
  const herd = await twoServers('none');
  await fill(herd, 'Blake', clientCount, 1);
  await herd.kill('Bryant');
  const before = herd.logBytes('Blake');
  const launched = herd.launch('Bryant');
  await takesClients(herd, 'Bryant');
  const startedMs = performance.now();
  const probes = herd.servers.map((server) => new LatencyProbe(herd.portOf(server)));
  await herd.linkIsLive('Blake', 'Bryant', before);
  await herd.linkIsLive('Bryant', 'Blake', 0);
  const tookMs = performance.now() - startedMs;
  const [blake, bryant] = await Promise.all(probes.map((probe) => probe.stop()));
  await launched;
  const step = Math.max(1, Math.floor(clientCount / 1_000));
  const some = idsTo(clientCount).filter((_, index) => index % step === 0);
  await agrees(herd, 'Bryant', some, 1);
  await herd.stop();
  say(`an empty server refilled with ${clientCount} locations in ${(tookMs / 1_000).toFixed(1)} s`);
  say(`  clients of who gives:  ${blake}`);
  say(`  clients of who takes: ${bryant}`);
}

async function stopped(): Promise<void> {
  const herd = await twoServers('none');
  const phones = 10_000;
  await fill(herd, 'Blake', phones, 1);
  await agrees(herd, 'Bryant', idsTo(phones), 1);
  const client = await LineClient.connect(herd.portOf('Blake'));
  const perSecond = 20_000;
  let time = 2;
  let sent = 0;
  const round = async (seconds: number): Promise<number> => {
    let most = 0;
    const startedMs = performance.now();
    for (let done = 0; done < seconds * perSecond; done += 200) {
      const answers = Array.from({ length: 200 }, () => {
        const id = `phone${sent % phones}`;
        if (sent % phones === 0) time += 1;
        sent += 1;
        return report(client, id, time);
      });
      await Promise.all(answers);
      most = Math.max(most, herd.residentBytes('Blake'));
      const aheadMs = (done / perSecond) * 1_000 - (performance.now() - startedMs);
      if (aheadMs > 1) await pause(aheadMs);
    }
    say(`  ${perSecond * seconds} updates in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    return most;
  };
  const before = await round(30);
  herd.signal('Bryant', 'SIGSTOP');
  const during = await round(30);
  const logged = herd.logBytes('Bryant');
  herd.signal('Bryant', 'SIGCONT');
  const startedMs = performance.now();
  await herd.linkIsLive('Bryant', 'Blake', logged);
  const tookMs = performance.now() - startedMs;
  await agrees(herd, 'Bryant', idsTo(phones), time - 1);
  say(
    `a neighbour stopped for 30 s under ${perSecond} updates a second of ${phones} clients: its sender's memory went from ` +
      `${megabytes(before)} to ${megabytes(during)} at most; agreed ${tookMs.toFixed(0)} ms after it went on`,
  );
  client.close();
  await herd.stop();
}

await missedChanges();
await refill();
await stopped();
