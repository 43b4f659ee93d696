import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, startBrowser } from '../support/browser.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';

/** Runs in the page: whoever calls `loseSomething` has the streams of events say so, as servers do to a reader that is too slow. */
const canLose = `{
  const [askServer, streams] = [window.fetch, []];
  window.fetch = async (url, options) => {
    const response = await askServer(url, options);
    if (!String(url).endsWith('/api/events')) return response;
    const { readable, writable } = new TransformStream({ start: (stream) => void streams.push(stream) });
    response.body.pipeTo(writable).catch(() => undefined);
    return new Response(readable);
  };
  window.loseSomething = () => {
    const event = new TextEncoder().encode('event: lost\\ndata: {"count":1}\\n\\n');
    for (const stream of streams) stream.enqueue(event);
  };
}`;

describe('what the window loses, in Chromium', function () {
  this.timeout(3 * defaultTimeoutMs);
  let browser: Browser;
  let herd: Herd;
  let page: Page;

  before(async function () {
    if ('missing' in browserLocation) return this.skip();
    [herd, browser] = await Promise.all([
      startHerd({ mode: 'one command a server', topology: { Blake: ['Metta'] }, hasHttp: true }),
      startBrowser(browserLocation.path),
    ]);
    await herd.report('Metta', 'kiwi');
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await browser.close();
    await herd.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    await page.clock.install();
    await page.addInitScript(canLose);
  });

  afterEach(() => page.close());

  async function open(): Promise<void> {
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    await page.locator('#servers-up', { hasText: '2 of 2' }).waitFor();
    await page.locator('#graph .server[data-name="Metta"] .note', { hasText: 'has all 1' }).waitFor();
  }

  it('is asked for again, as often as no answer comes, but not at once', async () => {
    const everything = `http://127.0.0.1:${herd.file.httpPortOf('Metta')}/api/clients*`;
    let asked = 0;
    let answers: 'come' | 'fail' = 'come';
    await page.route(everything, async (route) => {
      asked += 1;
      if (answers === 'fail') await route.abort();
      else await route.continue();
    });
    await open();
    const askedFirst = asked;
    await page.evaluate('loseSomething()');
    await page.locator('#events li', { hasText: 'more than this page could read' }).first().waitFor();
    expect(asked).to.equal(askedFirst);
    answers = 'fail';
    const failed = page.waitForEvent('requestfailed');
    await page.clock.fastForward(5_000);
    await failed;
    answers = 'come';
    const askedInVain = asked;
    await page.clock.fastForward(5_000);
    await eventually('Metta is asked again', () => asked > askedInVain);
  });

  it('is a server that has stopped, once it was silent for long; it is called until it goes on', async () => {
    await open();
    const metta = herd.command('Metta');
    metta.signal('SIGSTOP');
    try {
      await page.clock.fastForward(45_000);
      await page.locator('#graph .server[data-name="Metta"][data-reach="disconnected"]').waitFor();
    } finally {
      metta.signal('SIGCONT');
    }
    await page.locator('#servers-up', { hasText: '2 of 2' }).waitFor();
  });
});
