import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, closePages, sharedBrowser } from '../support/browser.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

describeWithNats('the dashboard of a herd on NATS in Chromium', function () {
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
    const settings = { replication: { kind: 'nats', servers: [nats.address], replicas: 2 } };
    herd = await startHerd({ mode: 'one command a server', ...plan, settings });
    browser = await sharedBrowser(browserLocation.path);
    // The Content-Security-Policy of the page would block axe.
    page = await browser.newPage({ viewport: { width: 1_440, height: 900 }, bypassCSP: true });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    await page.locator('#servers-up', { hasText: '3 of 3' }).waitFor();
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await closePages();
    await herd.stop();
    await nats.stop();
  });

  afterEach(() => expect(errors.splice(0)).to.deep.equal([]));

  const brokerLink = (server: string, state: RegExp) =>
    page.getByRole('button', { name: new RegExp(`^Link ${server}–NATS\\. ${server}: ${state.source}$`) });

  it('shows NATS in the centre with a live connection from each server', async () => {
    for (const server of herd.servers) await brokerLink(server, /live/).waitFor({ state: 'attached' });
    await page.locator('#links-live', { hasText: '3 of 3' }).waitFor();
    expect(await page.locator('#graph .broker').textContent()).to.equal('NATS');
    const legend = await page.locator('#legend li:visible').allTextContents();
    expect(legend).to.deep.equal(['live', 'joining', 'connecting', 'backoff', 'unreachable']);
  });

  it('shows members and partitions of a server', async () => {
    const blake = page.locator('#graph .server[data-name=Blake]');
    await blake.locator('.note', { hasText: /^\d+ partitions$/ }).waitFor({ state: 'attached' });
    await blake.press('Enter');
    await page
      .locator('#node p', {
        hasText: /Holds \d+ partitions complete, 0 filling, 0 leaving\. Herd: 3 members, 0 partitions/,
      })
      .waitFor();
  });

  it('animates a report to NATS and on to servers that hold its partition', async () => {
    await page.evaluate(watchPulsesScript);
    await herd.report('Metta', 'kiwi');
    await page
      .locator('#events li', { hasText: /(Blake|Bryant) learned kiwi from NATS/ })
      .first()
      .waitFor();
    await page.waitForFunction('window.pulseSeen');
  });

  it('shows an outage of NATS with countdown, and its end', async () => {
    await brokerLink('Blake', /live/).press('Enter');
    await nats.kill();
    await brokerLink('Blake', /(backoff|connecting)/).waitFor({ state: 'attached' });
    await page
      .locator('#graph .countdown', { hasText: /^\d+\.\d s$/ })
      .first()
      .waitFor({ state: 'attached' });
    await herd.report('Blake', 'plum');
    expect(await page.locator('#node .chart, #node .buttons button').count()).to.equal(0);
    await page.evaluate(axe);
    const faults = await page.evaluate<{ id: string; impact: string }[]>(
      'axe.run().then(({ violations }) => violations)',
    );
    expect(faults.filter(({ impact }) => impact === 'serious' || impact === 'critical')).to.deep.equal([]);
    await nats.start();
    for (const server of herd.servers) await brokerLink(server, /live/).waitFor({ state: 'attached' });
    await page
      .locator('#events li', { hasText: /Blake partitions: \d+ complete, \d+ filling/ })
      .first()
      .waitFor();
    await page
      .locator('#events li', { hasText: /(Bryant|Metta) learned plum from NATS/ })
      .first()
      .waitFor();
  });
});

/** Script of the page: sets `pulseSeen` once a pulse is painted between NATS in the centre and a server. */
const watchPulsesScript = `(() => {
  const canvas = document.querySelector('#herd-graph canvas');
  const look = () => {
    const { width, height } = canvas;
    // A fifth of the drawing around the centre: servers and their rings are further away.
    const [x, y, side] = [width * 0.4, height * 0.4, height * 0.2].map(Math.round);
    const { data } = canvas.getContext('2d').getImageData(x, y, Math.round(width * 0.2), side);
    if (data.some((value) => value > 0)) window.pulseSeen = true;
    else requestAnimationFrame(look);
  };
  look();
})()`;
