import type { Target } from './target.js';

/** Yields IAMAT lines of `count` clients with IDs of `idBytes` bytes, all with the current time plus `aheadSeconds`. */
export function* reports(count: number, idBytes: number, name = 'client', aheadSeconds = 0): Generator<string> {
  const time = (Date.now() / 1_000 + aheadSeconds).toFixed(3);
  for (let index = 0; index < count; index += 1) {
    yield `IAMAT ${clientId(name, index, idBytes)} +34.068930-118.445127 ${time}`;
  }
}

/** The client ID that `reports` uses for an index. */
export function clientId(name: string, index: number, bytes: number): string {
  return `${name}-${index}-`.padEnd(bytes, 'x');
}

/** Fills the stores of all servers with `count` clients. @throws Error if not all servers store them */
export async function fillStores(target: Target, count: number, idBytes: number): Promise<void> {
  const responses = await target.sendLines(target.portOf('Blake'), reports(count, idBytes), 120_000);
  if (responses < count) throw new Error(`${responses} of ${count} reports were answered`);
  if (!(await target.waitForAgreement(60_000))) throw new Error('the servers do not agree within 60 s');
}
