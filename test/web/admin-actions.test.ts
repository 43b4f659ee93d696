import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { browserLocation, closePages, sharedBrowser } from '../support/browser.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { writeHerdFile } from '../support/herd-file.js';
import { Herd } from '../support/herd.js';

const topology = { Blake: ['Bryant'], Bryant: ['Metta'] };
const tokens = { CLIENTS: 'client-token-of-the-test', ADMIN: 'token-of-administration' };

describe('admin actions in the dashboard in Chromium', function () {
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
    [browser] = await Promise.all([sharedBrowser(browserLocation.path), open.start(), closed.start()]);
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await closePages();
    await Promise.all([open.stop(), closed.stop()]);
  });

  /** @param prepare runs before the page loads */
  async function visit(herd: Herd, prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 }, colorScheme: 'dark' });
    await prepare?.(page);
    await page.goto(`http://127.0.0.1:${herd.file.httpPortOf('Blake')}/`);
    return page;
  }

  function waitForServersUp(page: Page, text: string): Promise<void> {
    return page.locator('#servers-up', { hasText: text }).waitFor();
  }

  async function waitForLink(page: Page, link: string, text: string): Promise<void> {
    await page.locator(`#graph .link[aria-label*="${link}"][aria-label*="${text}"]`).waitFor({ state: 'attached' });
  }

  /** Presses a button of the selected server or link by keyboard. */
  async function press(page: Page, label: string): Promise<void> {
    await page.locator('#node .buttons button', { hasText: label }).press('Enter');
  }

  it('crashes a server after confirmation and restarts it, and it catches up', async () => {
    const at = await open.report('Metta', 'kiwi');
    const page = await visit(open);
    await waitForServersUp(page, '3 of 3');
    await page.locator('#graph .server[data-name="Metta"]').press('Enter');
    await press(page, 'Crash');
    await page.locator('#node .buttons button', { hasText: 'Confirm crash' }).waitFor();
    await press(page, 'Crash');
    await page.locator('#graph .server[data-name="Metta"][data-reach="disconnected"]').waitFor();
    await waitForLink(page, 'Bryant–Metta', 'Bryant: backoff');
    await press(page, 'Crash');
    await press(page, 'Crash');
    await page.locator('#node .status', { hasText: 'Metta is down' }).waitFor();
    await press(page, 'Restart');
    await waitForLink(page, 'Bryant–Metta', 'Bryant: live, Metta: live');
    await page.locator('#graph .server[data-name="Metta"] .note', { hasText: 'has all' }).waitFor();
    expect(await open.queryLocations('Metta', ['kiwi'])).to.deep.equal([at]);
    await page.close();
  });

  it('cuts and heals a link, and missed reports are caught up', async () => {
    const page = await visit(open);
    const note = (text: string) =>
      page.locator('#graph .server[data-name="Bryant"] .note', { hasText: text }).waitFor();
    await waitForLink(page, 'Blake–Bryant', 'Blake: live, Bryant: live');
    await page.locator('#graph .link[aria-label*="Blake–Bryant"]').press('Enter');
    await press(page, 'Cut');
    await waitForLink(page, 'Blake–Bryant', 'Blake: backoff');
    await page.locator('#node', { hasText: 'cut manually' }).waitFor();
    const at = await open.report('Blake', 'plum');
    await note('1 missing');
    expect(await open.serversKnowing('plum', open.servers)).to.deep.equal(['Blake']);
    await press(page, 'Heal');
    await waitForLink(page, 'Blake–Bryant', 'Blake: live, Bryant: live');
    await note('has all');
    await page.locator('#events li', { hasText: 'heal Blake-Bryant' }).first().waitFor();
    await open.waitForAgreement([at]);
    await page.close();
  });

  it('slows a link, marks it on every page, and only then offers to heal it', async () => {
    const page = await visit(open);
    const waitForButtons = async (...labels: string[]): Promise<void> => {
      const buttons = page.locator('#node .buttons button');
      await eventually(
        `the buttons are ${labels.join(', ')}`,
        async () => (await buttons.allTextContents()).join() === labels.join(),
      );
    };
    const marked = page.locator('#graph .link[aria-label*="Bryant–Metta"][aria-label*="slowed by 500 ms"]');
    await waitForLink(page, 'Bryant–Metta', 'Bryant: live, Metta: live');
    await page.locator('#graph .link[aria-label*="Bryant–Metta"]').press('Enter');
    await waitForButtons('Cut', 'Slow by 500 ms');
    await press(page, 'Slow');
    await page.locator('#node .status', { hasText: 'Slow by 500 ms' }).filter({ hasText: 'done.' }).waitFor();
    await marked.waitFor({ state: 'attached' });
    await page.locator('#graph .fault', { hasText: '+0.5 s' }).waitFor();
    await waitForButtons('Cut', 'Heal');
    await page.reload();
    await marked.press('Enter');
    await page.locator('#node .fault', { hasText: 'The link is slowed by 500 ms.' }).waitFor();
    await press(page, 'Heal');
    await marked.waitFor({ state: 'detached' });
    await eventually('no link is marked', async () => (await page.locator('#graph .fault:visible').count()) === 0);
    await page.locator('#events li', { hasText: 'heal Bryant-Metta' }).first().waitFor();
    await page.close();
  });

  it('asks once for the client token, and for the admin token only to unlock admin actions', async () => {
    const page = await visit(closed);
    const submitToken = async (token: string) => {
      await page.locator('#token-value').fill(token);
      await page.locator('#token-value').press('Enter');
    };
    await page.locator('#token-prompt', { hasText: 'This herd requires a token.' }).waitFor();
    expect(await page.locator('#herd-name').textContent()).to.equal('');
    expect(await page.locator('#servers-up').textContent()).to.equal('–');
    expect(await page.locator('#legend').isVisible()).to.equal(false);
    for (const button of ['#simulate-phones', '#console-send'])
      expect(await page.locator(button).isDisabled()).to.equal(true);
    await submitToken('a-token-of-an-Ωmega');
    await page.locator('#token-prompt', { hasText: 'Invalid token' }).waitFor();
    await submitToken(' a-token-that-is-wrong ');
    await page.locator('#token-prompt', { hasText: 'was not accepted' }).waitFor();
    await submitToken(tokens.CLIENTS);
    await waitForServersUp(page, '3 of 3');
    expect(await page.locator('#simulate-phones').isDisabled()).to.equal(false);
    // The other servers are other origins; the console speaks WebSocket.
    await page.locator('#console-server').selectOption('Metta');
    await page.locator('#console-line').fill('nonsense');
    await page.locator('#console-line').press('Enter');
    await page.locator('#console-log p', { hasText: '? nonsense' }).waitFor();
    await page.locator('#graph .server[data-name="Metta"]').press('Enter');
    expect(await page.locator('#node .buttons button').allTextContents()).to.deep.equal(['Unlock admin actions …']);
    await press(page, 'Unlock');
    await submitToken(tokens.ADMIN);
    await page.locator('#node .buttons button', { hasText: 'Crash' }).waitFor();
    await page.reload();
    await waitForServersUp(page, '3 of 3');
    expect(await page.locator('#token').isVisible()).to.equal(false);
    await page.close();
  });
});
