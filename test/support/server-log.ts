import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { sanitize } from '../../src/runtime/observe/log/sanitize.js';
import { eventually } from './eventually.js';
import type { Herd } from './herd.js';

/** The lines of the log that a server writes; since its latest start, if there were more. */
export async function readLog(herd: Herd, server: string): Promise<ByteString[]> {
  const folder = join(herd.file.folder, 'logs', server);
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.error.log')).sort();
  return (await readFile(join(folder, names.at(-1) ?? ''), 'latin1')).split('\n').slice(0, -1);
}

/**
 * Every location that a server has heard or told since its start, as AT lines. Unlike a WHATSAT this does not make the server
 * ask the herd for what it does not know.
 */
export async function locationsLogged(herd: Herd, server: string): Promise<Set<ByteString>> {
  const locationTexts = (await readLog(herd, server)).flatMap(
    (line) => / AT \S+ [+-]\S+ \S+ \S+ [\d.]+/.exec(line) ?? [],
  );
  return new Set(locationTexts.map((at) => at.slice(1)));
}

/** Waits until each of the servers has heard or told each of the AT lines since its start, without asking for any. */
export async function waitUntilLogged(
  herd: Herd,
  atLines: readonly ByteString[],
  servers = herd.servers,
): Promise<void> {
  for (const server of servers) {
    await eventually(`${server} was told what ${atLines.length} reports said`, async () => {
      const logged = await locationsLogged(herd, server);
      const missing = atLines.filter((at) => !logged.has(sanitize(at)));
      if (missing.length > 0) throw new Error(`${missing.length} are missing, such as ${missing[0] ?? ''}`);
      return true;
    });
  }
}

/** What a server logs from a moment on, until it is started anew. */
export class LogTail {
  private constructor(
    private readonly herd: Herd,
    private readonly server: string,
    private readonly from: number,
  ) {}

  /** From the beginning of its present log. */
  static start(herd: Herd, server: string): LogTail {
    return new LogTail(herd, server, 0);
  }

  static async now(herd: Herd, server: string): Promise<LogTail> {
    return new LogTail(herd, server, (await readLog(herd, server)).length);
  }

  async lines(): Promise<ByteString[]> {
    return (await readLog(this.herd, this.server)).slice(this.from);
  }

  /** Waits for lines that match; returns the first of them. */
  async waitForLine(pattern: RegExp, count = 1): Promise<ByteString> {
    return eventually(`${this.server} logs ${String(pattern)}`, async () => {
      const lines = await this.lines();
      const matching = lines.filter((line) => pattern.test(line));
      if (matching.length >= count) return matching[0];
      throw new Error(`only ${matching.length} of\n${lines.slice(-20).join('\n')}`);
    });
  }
}
