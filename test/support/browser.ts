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

/** Starts a Chromium that asks nobody for anything by itself. Its sandbox needs rights that a container does not give. */
export function startBrowser(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
  });
}
