import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, closePages, sharedBrowser } from '../support/browser.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';

/** Script of the page: `dropEvents()` injects a `dropped` event into all streams, as servers send to a slow reader. */
const dropEventsScript = `{
  const [originalFetch, streams] = [window.fetch, []];
  window.fetch = async (url, options) => {
    const response = await originalFetch(url, options);
    if (!String(url).endsWith('/api/events')) return response;
    const { readable, writable } = new TransformStream({ start: (stream) => void streams.push(stream) });
    response.body.pipeTo(writable).catch(() => undefined);
    return new Response(readable);
  };
  window.dropEvents = () => {
    const event = new TextEncoder().encode('event: dropped\\ndata: {"count":1}\\n\\n');
    for (const stream of streams) stream.enqueue(event);
  };
}`;

describe('lost events and servers in the dashboard in Chromium', function () {
  this.timeout(3 * defaultTimeoutMs);
  let browser: Browser;
  let herd: Herd;
  let page: Page;

  before(async function () {
    if ('missing' in browserLocation) return this.skip();
    [herd, browser] = await Promise.all([
      startHerd({ mode: 'one command a server', topology: { Blake: ['Metta'] }, hasHttp: true }),
      sharedBrowser(browserLocation.path),
    ]);
    await herd.report('Metta', 'kiwi');
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await closePages();
    await herd.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    await page.clock.install();
    await page.addInitScript(dropEventsScript);
  });

  afterEach(() => page.close());

  async function open(): Promise<void> {
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    await page.locator('#servers-up', { hasText: '2 of 2' }).waitFor();
    await page.locator('#graph .server[data-name="Metta"] .note', { hasText: 'has all 1' }).waitFor();
  }

  it('fetches all clients again after dropped events, rate-limited and until it succeeds', async () => {
    const clientsUrl = `http://127.0.0.1:${herd.file.httpPortOf('Metta')}/api/clients*`;
    let requests = 0;
    let isFailing = false;
    await page.route(clientsUrl, async (route) => {
      requests += 1;
      if (isFailing) await route.abort();
      else await route.continue();
    });
    await open();
    const firstRequests = requests;
    await page.evaluate('dropEvents()');
    await page.locator('#events li', { hasText: '1 event dropped' }).first().waitFor();
    expect(requests).to.equal(firstRequests);
    isFailing = true;
    const failed = page.waitForEvent('requestfailed');
    await page.clock.fastForward(5_000);
    await failed;
    isFailing = false;
    const failedRequests = requests;
    await page.clock.fastForward(5_000);
    await eventually('the clients of Metta are fetched again', () => requests > failedRequests);
  });

  it('shows a server as unreachable after 45 s of silence and reconnects when it resumes', async () => {
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
