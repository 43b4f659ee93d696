import { chromium, type Page } from 'playwright-core';
import { startHerd } from '../src/library/index.js';
import { LineClient } from './support/line-client.js';
import { median } from './support/statistics.js';
import { framesInASecond, usefulAt } from './support/page-measures.js';

/*
 * What is promised of the window, held to the figure: how soon it is useful on loopback, and how many frames a second it paints
 * with 10,000 clients that move. Five servers in this process, the real page in Chromium. Ends with 1 if a promise is broken.
 *
 *   npm run bench:dashboard [openings, 5] [seconds of moving, 10]
 */

const openings = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 10);

/** The promises: milliseconds until the herd and the world are seen, the median of the openings; frames a second. */
const usefulWithinMs = 1_000;
const framesMin = 30;

const clients = 10_000;
/** Each client moves every five seconds. */
const reportsPerSecond = 2_000;
const reportEveryMs = 50;

const browserPath = process.env['HERD_CHROMIUM'] ?? '/usr/bin/chromium';
const servers = Object.fromEntries(
  ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'].map((name) => [name, { port: 0, peerPort: 0, httpPort: 0 }]),
);
const talks = { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] };

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Where a client is in a round of reports: a grid over much of the world, that turns. */
function report(client: number, round: number): string {
  const [row, column] = [Math.floor(client / 125), client % 125];
  const [north, east] = [row - 30 + (round % 10) / 10, column * 2.5 - 155 + (round % 10) / 5];
  const sign = (value: number) => (value < 0 ? '-' : '+');
  const position = `${sign(north)}${Math.abs(north).toFixed(2)}${sign(east)}${Math.abs(east).toFixed(2)}`;
  return `IAMAT phone-${client} ${position} ${(Date.now() / 1_000).toFixed(3)}`;
}

/** Opens the page and waits until the herd and the world are painted; returns how long that took, in milliseconds. */
async function open(page: Page, url: string): Promise<number> {
  await page.goto(url);
  return page.evaluate<number>(usefulAt);
}

function verdict(what: string, value: string, holds: boolean): void {
  print(`${holds ? 'holds ' : 'BROKEN'}  ${what}: ${value}`);
  if (!holds) process.exitCode = 1;
}

const herd = await startHerd({ config: { herd: 'bench', servers, talks } });
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
});
try {
  const { port = 0, httpPort = 0 } = herd.servers.get('Blake') ?? {};
  const url = `http://127.0.0.1:${httpPort}/`;
  const size = { viewport: { width: 1_440, height: 900 } };
  const usefulMs: number[] = [];
  for (let opening = 0; opening < openings; opening += 1) {
    // A context of its own: nothing is kept from the opening before.
    const context = await browser.newContext(size);
    usefulMs.push(await open(await context.newPage(), url));
    await context.close();
  }
  print(`useful after ${usefulMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  const page = await browser.newPage(size);
  await open(page, url);
  const client = await LineClient.connect(port);
  let told = 0;
  const move = (count: number): void => {
    for (let at = 0; at < count; at += 1, told += 1) {
      void client.ask(report(told % clients, Math.floor(told / clients))).catch(() => undefined);
    }
  };
  move(clients);
  await page.locator('#clients-known', { hasText: '10,000' }).waitFor();
  const moving = setInterval(() => move((reportsPerSecond * reportEveryMs) / 1_000), reportEveryMs);
  const frames: number[] = [];
  for (let second = 0; second < seconds; second += 1) frames.push(await page.evaluate<number>(framesInASecond));
  clearInterval(moving);
  client.close();
  print(`frames of each second: ${frames.map((rate) => rate.toFixed(0)).join(', ')}`);
  const [medianMs, medianFrames] = [median(usefulMs), median(frames)];
  verdict(`useful within ${usefulWithinMs} ms`, `${medianMs.toFixed(0)} ms`, medianMs <= usefulWithinMs);
  verdict(`${framesMin} frames a second with 10,000 clients`, medianFrames.toFixed(0), medianFrames >= framesMin);
} finally {
  await browser.close();
  await herd.stop();
}
