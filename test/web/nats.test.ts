import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, startBrowser } from '../support/browser.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

describeWithNats('the window of a herd on NATS, in Chromium', function () {
  this.timeout(4 * defaultTimeoutMs);
  let nats: NatsServer;
  let herd: Herd;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  before(async function () {
    if ('missing' in browserLocation) {
      process.stdout.write(`    ${browserLocation.missing}\n`);
      return this.skip();
    }
    nats = await NatsServer.start();
    const plan = { servers: ['Blake', 'Bryant', 'Metta'], natsServer: nats.address, hasHttp: true };
    herd = await startHerd({ mode: 'one command a server', ...plan });
    browser = await startBrowser(browserLocation.path);
    // The policy of the page keeps strangers' scripts out; axe is one.
    page = await browser.newPage({ viewport: { width: 1_440, height: 900 }, bypassCSP: true });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    await page.locator('#servers-up', { hasText: '3 of 3' }).waitFor();
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await browser.close();
    await herd.stop();
    await nats.stop();
  });

  afterEach(() => expect(errors.splice(0)).to.deep.equal([]));

  const way = (server: string, words: RegExp) =>
    page.getByRole('button', { name: new RegExp(`^Link ${server}–NATS\\. ${server}: ${words.source}$`) });

  it('has NATS in the middle, with a live way to it from each server', async () => {
    for (const server of herd.servers) await way(server, /live/).waitFor({ state: 'attached' });
    await page.locator('#links-live', { hasText: '3 of 3' }).waitFor();
    expect(await page.locator('#graph .engine').textContent()).to.equal('NATS');
    const legend = await page.locator('#legend li:visible').allTextContents();
    expect(legend).to.deep.equal(['live', 'loading', 'connecting', 'write-blocked', 'disconnected', 'not heard']);
  });

  it('shows a report go to NATS and from there to the others', async () => {
    await page.evaluate(watchTheMiddle);
    await herd.report('Metta', 'kiwi');
    await page.locator('#events li', { hasText: 'Blake learned kiwi from NATS' }).first().waitFor();
    await page.waitForFunction('window.seenBesideTheEngine');
  });

  it('shows NATS go away, count down, and what waits for it; and come back', async () => {
    await way('Blake', /live/).press('Enter');
    await nats.kill();
    await way('Blake', /(disconnected|connecting)/).waitFor({ state: 'attached' });
    await page
      .locator('#graph .countdown', { hasText: /^\d+\.\d s$/ })
      .first()
      .waitFor({ state: 'attached' });
    await herd.report('Blake', 'plum');
    await page.locator('#node .end', { hasText: '1 location to be written' }).waitFor();
    expect(await page.locator('#node .chart, #node .buttons button').count()).to.equal(0);
    await page.evaluate(axe);
    const faults = await page.evaluate<{ id: string; impact: string }[]>(
      'axe.run().then(({ violations }) => violations)',
    );
    expect(faults.filter(({ impact }) => impact === 'serious' || impact === 'critical')).to.deep.equal([]);
    await nats.start();
    for (const server of herd.servers) await way(server, /live/).waitFor({ state: 'attached' });
    await page.locator('#events li', { hasText: 'Metta learned plum from NATS' }).first().waitFor();
  });
});

/** Runs in the page: remembers whether a pulse was seen on the ways between NATS, in the middle, and a server. */
const watchTheMiddle = `(() => {
  const canvas = document.querySelector('#herd-graph canvas');
  const look = () => {
    const { width, height } = canvas;
    // A fifth of the drawing around the middle: servers, with the rings of what they hear, are further away.
    const [x, y, side] = [width * 0.4, height * 0.4, height * 0.2].map(Math.round);
    const { data } = canvas.getContext('2d').getImageData(x, y, Math.round(width * 0.2), side);
    if (data.some((value) => value > 0)) window.seenBesideTheEngine = true;
    else requestAnimationFrame(look);
  };
  look();
})()`;
