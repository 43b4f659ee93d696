import { accessSync, constants } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian, Ubuntu and others install it; HERD_CHROMIUM names another place. */
const candidatePaths = [
  process.env['HERD_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser for tests, or why there is none. */
export const browserLocation = findBrowser();

function findBrowser(): { readonly path: string } | { readonly missing: string } {
  for (const path of candidatePaths) {
    if (path === undefined) continue;
    try {
      accessSync(path, constants.X_OK);
      return { path };
    } catch {
      // The next place may have it.
    }
  }
  return { missing: 'no Chromium: install it (apt-get install chromium), or set HERD_CHROMIUM to where it is' };
}

let shared: Promise<Browser> | undefined;

/**
 * Returns the Chromium of this process, which all page tests share; it starts with the first of them. It makes no requests of its
 * own, and has no sandbox, which needs rights that a container does not give.
 */
export function sharedBrowser(path: string): Promise<Browser> {
  return (shared ??= launch(path));
}

/** Closes the pages of a test file. In a worker of mocha the browser stays for the next file, and ends with the worker. */
export async function closePages(): Promise<void> {
  const browser = await shared;
  if (browser === undefined) return;
  await Promise.all(browser.contexts().map((context) => context.close()));
  if (process.env['MOCHA_WORKER_ID'] !== undefined) return;
  shared = undefined;
  await browser.close();
}

function launch(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
  });
}
