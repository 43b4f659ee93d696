import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

/** Compiled, this file stands in dist/test/support; git does not keep the folder. */
const folder = new URL('../../../screenshots/', import.meta.url);

/** Keeps what a page shows now, for people to look at: `screenshots/NAME.png`, in place of the one of the last run. */
export async function saveScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)) });
}

/** Keeps what each page of a browser shows where a test has failed. */
export async function saveFailureScreenshots(test: Mocha.Test | undefined, pages: readonly Page[]): Promise<void> {
  if (test?.state !== 'failed') return;
  const name = test.fullTitle().replaceAll(/[^a-z0-9]+/gi, '-');
  for (const [at, page] of pages.entries()) await saveScreenshot(page, `failed-${name}-${at + 1}`);
}
