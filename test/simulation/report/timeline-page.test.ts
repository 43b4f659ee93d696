import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { renderTimelinePage } from '../../../src/simulation/report/page.js';
import type { TimelineData } from '../../../src/simulation/report/timeline-data.js';
import { TimelineRecorder } from '../../../src/simulation/report/timeline-recorder.js';
import { browserLocation, closePages, sharedBrowser } from '../../support/browser.js';
import { eventually } from '../../support/eventually.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

/** A client that would break out of the page, and a herd in which one thing of each kind happens. */
const hostile = '</script><img/src=x/onerror=alert(1)>é';
const storm = `
clients: { count: 4, rate: 8/s }
settle: 3s
steps:
  - { at: 500ms, report: { server: Metta, client: '${hostile}', position: '+34.068930-118.445127' } }
  - { at: 1s, crash: Bryant }
  - { at: 1s, cut: [Blake, Howard] }
  - { at: 1500ms, pause: Gasol }
  - { at: 2s, expect: { server: Metta, client: '${hostile}', position: none } }
  - { at: 2500ms, resume: Gasol }
  - { at: 2500ms, restart: Bryant }
  - { at: 3s, heal: all }
`;

/** The data of the storm, whose expectation is violated at 2 s. */
async function stormData(): Promise<TimelineData> {
  const scenario = createScenario(storm);
  const recorder = new TimelineRecorder(scenario);
  const result = await runSimulation(scenario, { onEntry: (atMs, event) => recorder.observe(atMs, event) });
  return recorder.data(result);
}

/** Far more messages than a screen has pixels. */
function manyMessages(data: TimelineData, count: number): TimelineData {
  const column = (of: (index: number) => number) => Array.from({ length: count }, (_, index) => of(index));
  const peerWays = data.routes.flatMap(([from, to], way) => (from < 5 && to < 5 ? [way] : []));
  return {
    ...data,
    messages: {
      sentAfterUs: column(() => Math.floor((data.result.simulatedMs * 1_000) / count)),
      transitUs: column((index) => 5_000 + (index % 97) * 400),
      route: column((index) => peerWays[index % peerWays.length]!),
      kind: column((index) => (index % 9 === 0 ? 7 : 3)),
      bytes: column(() => 5),
      text: column(() => 0),
    },
    omitted: { ...data.omitted, messagesBefore: 1_234, keptFromMs: 400 },
  };
}

describe('the page of a timeline, in Chromium', function () {
  this.timeout(60_000);
  let browser: Browser;
  let folder: string;
  let file: string;
  let data: TimelineData;
  /** What a page that is sound and alone never has: errors, and requests but for itself. */
  let trouble: string[];

  before(async function () {
    if ('missing' in browserLocation) {
      process.stdout.write(`    ${browserLocation.missing}\n`);
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'herd-timeline-'));
    file = join(folder, 'timeline.html');
    data = await stormData();
    writeFileSync(file, renderTimelinePage(data));
    browser = await sharedBrowser(browserLocation.path);
  });

  after(async () => {
    if ('missing' in browserLocation) return;
    await closePages();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => {
    trouble = [];
  });

  afterEach(() => expect(trouble).to.deep.equal([]));

  /** Opens the file from disk in a browser without a network. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ offline: true, viewport: { width: 1_400, height: 900 }, ...options });
    const page = await context.newPage();
    const itself = pathToFileURL(file).href;
    page.on('console', (message) => trouble.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => trouble.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== itself && !request.url().startsWith('data:')) trouble.push(`request: ${request.url()}`);
    });
    await page.goto(itself);
    return page;
  }

  /** Where moments are on the canvases when the whole run is shown, in pixels, and how high a lane is. */
  async function placesOf(page: Page): Promise<{ x: (ms: number) => number; laneHeight: number }> {
    const { width: gutter, height: laneHeight } = (await page.locator('#lanes li').first().boundingBox())!;
    const { width } = (await page.locator('#lane-canvas').boundingBox())!;
    return { x: (ms) => gutter + (ms / data.result.simulatedMs) * (width - gutter - 12), laneHeight };
  }

  it('shows verdict, metrics and steps, and a lane for each server', async () => {
    const page = await open();
    expect(await page.title()).to.equal('failed: a test');
    expect(await page.locator('#verdict').textContent())
      .to.match(/^✗ Failed at 2\.000 s: expect: /)
      .and.include(hostile);
    expect(await page.locator('#lanes li').allTextContents()).to.deep.equal(data.lanes);
    expect(await page.locator('#metrics').textContent()).to.include('Messages per update');
    expect(await page.locator('#steps li').count()).to.equal(data.steps.length + 1);
    await page.context().close();
  });

  it('shows an arrow for each message, and the message when it is pointed at', async () => {
    const page = await open();
    const location = data.kinds.indexOf('location');
    // Only the locations, so that no other arrow covers the one that is looked for.
    for (const button of await page.locator('#legend button').all()) {
      if ((await button.textContent())?.startsWith('location') === false) await button.click();
    }
    const shown = data.messages.kind.filter((kind) => kind === location).length;
    await eventually(`${shown} messages are shown`, async () =>
      new RegExp(`: ${shown} messages\\.$`).test((await page.locator('#status').textContent()) ?? ''),
    );

    await page.locator('#lane-canvas').focus();
    await page.keyboard.press('ArrowRight');
    const chosen = await tipOf(page);
    const first = data.messages.kind.indexOf(location);
    const [from, to] = data.routes[data.messages.route[first]!]!;
    expect(chosen.text).to.include(`${data.endpoints[from]!} → ${data.endpoints[to]!}`);
    expect(chosen.text).to.include(data.texts[data.messages.text[first]!]!.trimEnd());
    expect(await page.locator('#announcement').textContent()).to.include(data.endpoints[to]);

    await page.keyboard.press('Escape');
    expect(await page.locator('#tooltip').isVisible()).to.equal(false);
    await pointAt(page, chosen);
    expect((await tipOf(page)).text).to.equal(chosen.text);
    await page.context().close();
  });

  it('shows any byte of a client as text', async () => {
    const page = await open();
    await page.locator('#lane-canvas').focus();
    const index = data.texts.findIndex((text) => text.startsWith('AT Metta') && text.includes('onerror'));
    const messages = data.messages.text.map((text, message) => (text === index ? message : -1));
    const wanted = messages.find((message) => message >= 0)!;
    for (let step = 0; step <= wanted; step += 1) await page.keyboard.press('ArrowRight');
    expect((await tipOf(page)).text).to.include(hostile);
    await page.context().close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`draws bands for faults, arrows, and the first violation, in the ${scheme}`, async () => {
      const page = await open({ colorScheme: scheme });
      const { x, laneHeight } = await placesOf(page);
      const lane = (server: string) => (data.lanes.indexOf(server) + 0.5) * laneHeight;

      const [down, up] = [
        await colours(page, x(1_300), lane('Bryant') - 12),
        await colours(page, x(3_600), lane('Bryant') - 12),
      ];
      expect(down, 'a server that is down is in a band').to.not.deep.equal(up);
      const violated: string = await page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--violation')",
      );
      expect(await hasColour(page, violated.trim(), x(2_000)), 'the violation is marked').to.equal(true);
      expect(await hasColour(page, violated.trim(), x(2_060)), 'and nothing beside it').to.equal(false);
      await page.context().close();
    });
  }

  it('describes a fault and the violation when they are hovered or navigated to', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'First violation' }).click();
    expect(await page.locator('#status').textContent()).to.match(/^1\.800 s to 2\.200 s/);
    expect((await tipOf(page)).text)
      .to.include('violation: expect')
      .and.include(hostile);
    await page.getByRole('button', { name: 'Whole run' }).click();
    await page.locator('#head').scrollIntoViewIfNeeded();
    const head = (await page.locator('#head').boundingBox())!;
    const { x } = await placesOf(page);
    const texts = new Set<string>();
    for (let y = 70; y < head.height; y += 8) {
      await page.mouse.move(head.x + x(1_800), head.y + y);
      if (await page.locator('#tooltip').isVisible()) texts.add((await tipOf(page)).text);
    }
    expect([...texts].join('\n'))
      .to.include('Bryant is down')
      .and.include('link cut')
      .and.include('Gasol is paused');
    await page.context().close();
  });

  it('zooms and pans with keys, wheel and buttons, and hides kinds', async () => {
    const page = await open();
    const status = async () => (await page.locator('#status').textContent()) ?? '';
    const whole = await status();
    await page.locator('#lane-canvas').hover();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -600);
    await page.keyboard.up('Control');
    await page.locator('#status', { hasNotText: whole }).waitFor();
    const zoomed = await status();
    await page.locator('#lane-canvas').press('Shift+ArrowRight');
    await page.locator('#status', { hasNotText: zoomed }).waitFor();
    await page.locator('#lane-canvas').press('0');
    await page.locator('#status', { hasText: whole }).waitFor();
    const heartbeats = page.locator('#legend button', { hasText: 'heartbeat' });
    await heartbeats.click();
    expect(await heartbeats.getAttribute('aria-pressed')).to.equal('false');
    await page.locator('#status', { hasNotText: whole }).waitFor();
    await page.context().close();
  });

  it('fits a phone, and shows a message that is tapped', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(390);
    await page.locator('#lane-canvas').focus();
    await page.keyboard.press('ArrowRight');
    const chosen = await tipOf(page);
    await page.keyboard.press('Escape');
    const frame = (await page.locator('.frame').boundingBox())!;
    await page.touchscreen.tap(frame.x + chosen.x, frame.y + chosen.y);
    expect((await tipOf(page)).text).to.include('→');
    await page.context().close();
  });

  it('stays quick with hundreds of thousands of messages, and says what it left out', async () => {
    const small = file;
    file = join(folder, 'large.html');
    writeFileSync(file, renderTimelinePage(manyMessages(data, 300_000)));
    const page = await open();
    expect(await page.locator('#status').textContent()).to.match(/300,000 messages, drawn as density: zoom in/);
    expect(await page.locator('#omitted').textContent()).to.include('1,234 messages before 0.400 s');
    await page.locator('#lane-canvas').focus();
    const tookMs = await page.evaluate<number>(zoomFiveTimes);
    // A machine that is busy with other tests may be many times slower than one that is not.
    expect(tookMs).to.be.below(15_000);
    await page.context().close();
    file = small;
  });
});

/** What the card tells, and the place of the frame that it tells it of. */
async function tipOf(page: Page): Promise<{ text: string; x: number; y: number }> {
  const tip = page.locator('#tooltip');
  await tip.waitFor({ state: 'visible' });
  const place = async (name: string) => Number(await tip.getAttribute(name));
  return { text: await tip.innerText(), x: await place('data-x'), y: await place('data-y') };
}

async function pointAt(page: Page, { x, y }: { x: number; y: number }): Promise<void> {
  const frame = (await page.locator('.frame').boundingBox())!;
  await page.mouse.move(frame.x + x, frame.y + y);
}

/** The colours of the pixels around a place of the lanes, each once. */
async function colours(page: Page, x: number, y: number): Promise<string[]> {
  return pixels(page, x - 8, y - 4, 16, 8);
}

/** Whether a colour of the style sheet stands in the column of pixels at a place of the lanes. */
async function hasColour(page: Page, colour: string, x: number): Promise<boolean> {
  const found = await pixels(page, x - 2, 0, 5, 400);
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return found.includes(channels.join(' '));
}

/** The colours of the lanes' pixels in an area, each once, as channels. */
function pixels(page: Page, ...area: [x: number, y: number, width: number, height: number]): Promise<string[]> {
  const where = area.map(Math.round).join(', ');
  return page.evaluate<string[]>(`(() => {
    const stage = document.getElementById('lane-canvas');
    const copy = new OffscreenCanvas(stage.width, stage.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(stage, 0, 0);
    const { data } = copy.getImageData(${where});
    const found = new Set();
    for (let at = 0; at < data.length; at += 4) found.add([...data.slice(at, at + 3)].join(' '));
    return [...found].sort();
  })()`);
}

/** Runs in the page: how long it takes to zoom, in milliseconds. */
const zoomFiveTimes = `(async () => {
  const startedMs = performance.now();
  for (let times = 0; times < 5; times += 1) {
    document.getElementById('lane-canvas').dispatchEvent(new KeyboardEvent('keydown', { key: '+' }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }
  return (performance.now() - startedMs) / 5;
})()`;
