import type { Target } from './target.js';

/** Reports of so many clients, each with an ID of so many bytes; all from now, or from so many seconds ahead. */
export function* reports(count: number, idBytes: number, name = 'client', aheadSeconds = 0): Generator<string> {
  const time = (Date.now() / 1_000 + aheadSeconds).toFixed(3);
  for (let index = 0; index < count; index += 1) {
    yield `IAMAT ${idOf(name, index, idBytes)} +34.068930-118.445127 ${time}`;
  }
}

/** The ID of one of the clients that `reports` makes. */
export function idOf(name: string, index: number, bytes: number): string {
  return `${name}-${index}-`.padEnd(bytes, 'x');
}

/** Lets a herd hold so many clients, at all of its servers. */
export async function fillWith(target: Target, count: number, idBytes: number): Promise<void> {
  const answers = await target.sendLines(target.portOf('Blake'), reports(count, idBytes), 120_000);
  if (answers < count) throw new Error(`${answers} of ${count} reports were answered`);
  if (!(await target.agrees(60_000))) throw new Error('the servers do not agree before the attack');
}
