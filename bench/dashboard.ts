import { chromium, type Page } from 'playwright-core';
import { startHerd } from '../src/library/index.js';
import { LineClient } from './support/line-client.js';
import { median } from './support/statistics.js';
import { framesPerSecondScript, usefulAtScript } from './support/page-measures.js';

/*
 * Measures the dashboard against its targets: time until it is usable over loopback, and frames per second with 10,000 moving
 * clients. Five servers in this process, the real page in Chromium. Exit code 1 if a target is missed.
 *
 *   npm run bench:dashboard [page loads, 5] [seconds of movement, 10]
 */

const pageLoads = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 10);

/** Targets: median time until herd and map are painted, in milliseconds, and frames per second. */
const maxUsefulMs = 1_000;
const minFramesPerSecond = 30;

const clients = 10_000;
/** Each client moves every five seconds at this rate. */
const reportsPerSecond = 2_000;
const reportIntervalMs = 50;

const browserPath = process.env['HERD_CHROMIUM'] ?? '/usr/bin/chromium';
const servers = Object.fromEntries(
  ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'].map((name) => [name, { port: 0, peerPort: 0, httpPort: 0 }]),
);
const topology = { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] };

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The IAMAT line of a client in a round of reports: positions form a grid over most of the world that shifts each round. */
function report(client: number, round: number): string {
  const [row, column] = [Math.floor(client / 125), client % 125];
  const [north, east] = [row - 30 + (round % 10) / 10, column * 2.5 - 155 + (round % 10) / 5];
  const sign = (value: number) => (value < 0 ? '-' : '+');
  const position = `${sign(north)}${Math.abs(north).toFixed(2)}${sign(east)}${Math.abs(east).toFixed(2)}`;
  return `IAMAT phone-${client} ${position} ${(Date.now() / 1_000).toFixed(3)}`;
}

/** Opens the page and waits until herd and map are painted; returns the time that took, in milliseconds. */
async function openPage(page: Page, url: string): Promise<number> {
  await page.goto(url);
  return page.evaluate<number>(usefulAtScript);
}

function printVerdict(property: string, value: string, isPassed: boolean): void {
  print(`${isPassed ? 'passed' : 'FAILED'}  ${property}: ${value}`);
  if (!isPassed) process.exitCode = 1;
}

const herd = await startHerd({ config: { herd: 'bench', servers, topology } });
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
});
try {
  const { port = 0, httpPort = 0 } = herd.servers.get('Blake') ?? {};
  const url = `http://127.0.0.1:${httpPort}/`;
  const size = { viewport: { width: 1_440, height: 900 } };
  const usefulMs: number[] = [];
  for (let pageLoad = 0; pageLoad < pageLoads; pageLoad += 1) {
    // A new context has an empty cache.
    const context = await browser.newContext(size);
    usefulMs.push(await openPage(await context.newPage(), url));
    await context.close();
  }
  print(`usable after ${usefulMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  const page = await browser.newPage(size);
  await openPage(page, url);
  const client = await LineClient.connect(port);
  let sent = 0;
  const move = (count: number): void => {
    for (let at = 0; at < count; at += 1, sent += 1) {
      void client.request(report(sent % clients, Math.floor(sent / clients))).catch(() => undefined);
    }
  };
  move(clients);
  await page.locator('#clients-known', { hasText: '10,000' }).waitFor();
  const moving = setInterval(() => move((reportsPerSecond * reportIntervalMs) / 1_000), reportIntervalMs);
  const frames: number[] = [];
  for (let second = 0; second < seconds; second += 1) frames.push(await page.evaluate<number>(framesPerSecondScript));
  clearInterval(moving);
  client.close();
  print(`frames in each second: ${frames.map((rate) => rate.toFixed(0)).join(', ')}`);
  const [medianMs, medianFrames] = [median(usefulMs), median(frames)];
  printVerdict(`usable within ${maxUsefulMs} ms`, `${medianMs.toFixed(0)} ms`, medianMs <= maxUsefulMs);
  printVerdict(
    `${minFramesPerSecond} frames per second with 10,000 clients`,
    medianFrames.toFixed(0),
    medianFrames >= minFramesPerSecond,
  );
} finally {
  await browser.close();
  await herd.stop();
}
