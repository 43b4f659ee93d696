import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, startBrowser } from '../support/browser.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { writeHerdFile } from '../support/herd-file.js';
import { Herd } from '../support/herd.js';

const topology = { Blake: ['Bryant'], Bryant: ['Metta'] };
const tokens = { CLIENTS: 'token-of-all-clients', ADMIN: 'token-of-administration' };

describe('chaos by hand in the window, in Chromium', function () {
  this.timeout(3 * defaultTimeoutMs);
  let browser: Browser;
  let open: Herd;
  let closed: Herd;

  before(async function () {
    if ('missing' in browserLocation) return this.skip();
    open = new Herd('one process', await writeHerdFile({ topology, hasHttp: true }));
    const auth = { clientToken: '${CLIENTS}', adminToken: '${ADMIN}' };
    closed = new Herd('one process', await writeHerdFile({ topology, hasHttp: true, settings: { auth } }));
    closed.setCircumstances('Blake', { env: tokens });
    [browser] = await Promise.all([startBrowser(browserLocation.path), open.start(), closed.start()]);
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await browser.close();
    await Promise.all([open.stop(), closed.stop()]);
  });

  /** @param prepare is done before the page is opened */
  async function visit(herd: Herd, prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 }, colorScheme: 'dark' });
    await prepare?.(page);
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    return page;
  }

  function up(page: Page, words: string): Promise<void> {
    return page.locator('#servers-up', { hasText: words }).waitFor();
  }

  async function linkIs(page: Page, link: string, words: string): Promise<void> {
    await page.locator(`#graph .link[aria-label*="${link}"][aria-label*="${words}"]`).waitFor({ state: 'attached' });
  }

  /** Presses a button of the picked thing by keyboard. */
  async function press(page: Page, words: string): Promise<void> {
    await page.locator('#node .buttons button', { hasText: words }).press('Enter');
  }

  it('crashes a server on the second press, and restarts it: it is caught up', async () => {
    const at = await open.report('Metta', 'kiwi');
    const page = await visit(open);
    await up(page, '3 of 3');
    await page.locator('#graph .server[data-name="Metta"]').press('Enter');
    await press(page, 'Crash it');
    await page.locator('#node .buttons button', { hasText: 'its memory and clients are gone' }).waitFor();
    await press(page, 'Crash it');
    await page.locator('#graph .server[data-name="Metta"][data-reach="disconnected"]').waitFor();
    await linkIs(page, 'Bryant–Metta', 'Bryant: backoff');
    await press(page, 'Crash it');
    await press(page, 'Crash it');
    await page.locator('.said', { hasText: 'Metta is down' }).waitFor();
    await press(page, 'Restart it');
    await linkIs(page, 'Bryant–Metta', 'Bryant: live, Metta: live');
    await page.locator('#graph .server[data-name="Metta"] .note', { hasText: 'has all' }).waitFor();
    expect(await open.queryLocations('Metta', ['kiwi'])).to.deep.equal([at]);
    await page.close();
  });

  it('cuts a link, and heals it: what was reported meanwhile is caught up', async () => {
    const page = await visit(open);
    const note = (words: string) =>
      page.locator('#graph .server[data-name="Bryant"] .note', { hasText: words }).waitFor();
    await linkIs(page, 'Blake–Bryant', 'Blake: live, Bryant: live');
    await page.locator('#graph .link[aria-label*="Blake–Bryant"]').press('Enter');
    await press(page, 'Cut it');
    await linkIs(page, 'Blake–Bryant', 'Blake: backoff');
    await page.locator('#node', { hasText: 'cut by hand' }).waitFor();
    const at = await open.report('Blake', 'plum');
    await note('1 behind');
    expect(await open.serversKnowing('plum', open.servers)).to.deep.equal(['Blake']);
    await press(page, 'Heal it');
    await linkIs(page, 'Blake–Bryant', 'Blake: live, Bryant: live');
    await note('has all');
    await page.locator('#events li', { hasText: 'asks to heal Blake-Bryant' }).first().waitFor();
    await open.waitForAgreement([at]);
    await page.close();
  });

  it('slows a link, marks it on every page, and offers only then to heal it', async () => {
    const page = await visit(open);
    const offers = async (...words: string[]): Promise<void> => {
      const buttons = page.locator('#node .buttons button');
      await eventually(
        `there are the buttons ${words.join(', ')}`,
        async () => (await buttons.allTextContents()).join() === words.join(),
      );
    };
    const marked = page.locator('#graph .link[aria-label*="Bryant–Metta"][aria-label*="slowed by 500 ms"]');
    await linkIs(page, 'Bryant–Metta', 'Bryant: live, Metta: live');
    await page.locator('#graph .link[aria-label*="Bryant–Metta"]').press('Enter');
    await offers('Cut it', 'Slow it by 500 ms');
    await press(page, 'Slow it');
    await page.locator('.said', { hasText: 'Slow it' }).filter({ hasText: 'done.' }).waitFor();
    await marked.waitFor({ state: 'attached' });
    await page.locator('#graph .fault', { hasText: '+0.5 s' }).waitFor();
    await offers('Cut it', 'Heal it');
    await page.reload();
    await marked.press('Enter');
    await page.locator('#node .fault', { hasText: 'The link is slowed by 500 ms.' }).waitFor();
    await press(page, 'Heal it');
    await marked.waitFor({ state: 'detached' });
    await eventually('no link is marked', async () => (await page.locator('#graph .fault:visible').count()) === 0);
    await page.locator('#events li', { hasText: 'asks to heal Bryant-Metta' }).first().waitFor();
    await page.close();
  });

  it('asks once for the token that a herd has, and for that of administration only who wants to administer', async () => {
    const page = await visit(closed);
    const give = async (token: string) => {
      await page.locator('#token-value').fill(token);
      await page.locator('#token-value').press('Enter');
    };
    await page.locator('#token-words', { hasText: 'for those who have its token.' }).waitFor();
    expect(await page.locator('#herd-name').textContent()).to.equal('');
    expect(await page.locator('#servers-up').textContent()).to.equal('–');
    expect(await page.locator('#legend').isVisible()).to.equal(false);
    for (const button of ['#travel', '#console-send']) expect(await page.locator(button).isDisabled()).to.equal(true);
    await give('a-token-of-an-Ωmega');
    await page.locator('#token-words', { hasText: 'cannot be it' }).waitFor();
    await give(' a-token-that-is-wrong ');
    await page.locator('#token-words', { hasText: 'is not it' }).waitFor();
    await give(tokens.CLIENTS);
    await up(page, '3 of 3');
    expect(await page.locator('#travel').isDisabled()).to.equal(false);
    // The other servers are other origins; the console speaks WebSocket.
    await page.locator('#console-server').selectOption('Metta');
    await page.locator('#console-line').fill('nonsense');
    await page.locator('#console-line').press('Enter');
    await page.locator('#console-talk p', { hasText: '? nonsense' }).waitFor();
    await page.locator('#graph .server[data-name="Metta"]').press('Enter');
    expect(await page.locator('#node .buttons button').allTextContents()).to.deep.equal(['Administer …']);
    await press(page, 'Administer');
    await give(tokens.ADMIN);
    await page.locator('#node .buttons button', { hasText: 'Crash it' }).waitFor();
    await page.reload();
    await up(page, '3 of 3');
    expect(await page.locator('#token').isVisible()).to.equal(false);
    await page.close();
  });
});
