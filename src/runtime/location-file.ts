import { createHash } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { ClientId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';
import { formatPeerAt, parsePeerLine } from '../protocol/peer-line.js';
import { StoreError } from './errors.js';
import type { MessageBus } from './message-bus.js';

/** How long changes are gathered before they are written, in milliseconds: what a crash may lose is at its neighbours. */
const gatherMs = 200;

/** Changes in one write: few enough that putting them together does not hold up the clients. */
const batchMax = 1_000;

/** Locations read at once. */
const pageMax = 1_000;

/** A location that is to be written; undefined: the client is to be removed. */
type Change = Location | undefined;

/**
 * A server's locations on disk, so that they survive the loss of the whole herd. An embedded LevelDB, whose checksums tell
 * what is damaged. It listens to the server's bus; changes are gathered, the newest of each client only, and written in
 * batches on another thread. What is on disk may be older than what is in memory, and is never newer.
 */
export class LocationFile {
  private readonly changes = new Map<ClientId, Change>();
  private state: 'idle' | 'gathering' | 'writing' | 'closed' = 'idle';
  private health: 'sound' | 'failing' = 'sound';
  private written: Promise<void> = Promise.resolve();

  private constructor(
    private readonly database: ClassicLevel<Buffer, Buffer>,
    private readonly onTrouble: (text: string) => void,
  ) {}

  /**
   * Opens the folder, makes it if it is not there, and reads what is in it. A damaged one is reported, set aside under another
   * name, and begun anew: neighbours know what it held.
   *
   * @throws StoreError when the folder cannot be made, or another process has it open
   */
  static async open(
    path: string,
    onTrouble: (text: string) => void,
  ): Promise<{ file: LocationFile; locations: Location[] }> {
    try {
      return await this.read(path, onTrouble);
    } catch (error) {
      if (!isDamage(error)) throw new StoreError(path, reasonOf(error), error);
      const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
      onTrouble(`${path} is damaged (${reasonOf(error)}); it is set aside as ${aside}, and begun anew`);
      await rename(path, aside);
      return await this.read(path, onTrouble);
    }
  }

  private static async read(
    path: string,
    onTrouble: (text: string) => void,
  ): Promise<{ file: LocationFile; locations: Location[] }> {
    await requireCurrent(path);
    const database = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await database.open();
    try {
      const locations: Location[] = [];
      const values = database.values();
      for (let page = await values.nextv(pageMax); page.length > 0; page = await values.nextv(pageMax)) {
        for (const value of page) locations.push(locationOf(value));
      }
      await values.close();
      return { file: new LocationFile(database, onTrouble), locations };
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Writes down what happens on a bus from now on. */
  listen(bus: MessageBus): void {
    bus.on('location-learned', ({ location }) => this.note(location.client, location));
    bus.on('location-forgotten', ({ location }) => this.note(location.client, undefined));
  }

  /** Resolves when everything is written, or cannot be. */
  async close(): Promise<void> {
    this.state = 'closed';
    await this.written;
    while (this.changes.size > 0 && (await this.writeBatch()) === 'written');
    await this.database.close();
  }

  private note(client: ClientId, change: Change): void {
    if (this.state === 'closed') return;
    this.changes.set(client, change);
    if (this.state === 'idle') this.gather();
  }

  private gather(): void {
    this.state = 'gathering';
    setTimeout(() => {
      if (this.state === 'gathering') this.written = this.writeGathered();
    }, gatherMs).unref();
  }

  private async writeGathered(): Promise<void> {
    this.state = 'writing';
    while ((await this.writeBatch()) === 'written' && this.changes.size >= batchMax);
    if (this.isClosed()) return;
    this.state = 'idle';
    if (this.changes.size > 0) this.gather();
  }

  /** A method, because the state may have changed while something was awaited. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private async writeBatch(): Promise<'written' | 'failed'> {
    const batch: [ClientId, Change][] = [];
    for (const entry of this.changes) {
      if (batch.length >= batchMax) break;
      this.changes.delete(entry[0]);
      batch.push(entry);
    }
    try {
      await this.database.batch(batch.map(([client, change]) => operationOf(client, change)));
      this.health = 'sound';
      return 'written';
    } catch (error) {
      // Kept for the next time, unless something newer has come in between.
      for (const [client, change] of batch) if (!this.changes.has(client)) this.changes.set(client, change);
      if (this.health === 'sound') this.onTrouble(`${this.database.location} cannot be written: ${reasonOf(error)}`);
      this.health = 'failing';
      await this.reopen();
      return 'failed';
    }
  }

  /** After a write that failed LevelDB refuses all others, until it is opened again. */
  private async reopen(): Promise<void> {
    if (this.isClosed()) return;
    try {
      await this.database.close();
      await this.database.open();
    } catch {
      // The next write fails as well, and tries again.
    }
  }
}

function operationOf(
  client: ClientId,
  change: Change,
): { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer } {
  const key = Buffer.from(client, 'latin1');
  if (change === undefined) return { type: 'del', key };
  return { type: 'put', key, value: sealed(Buffer.from(formatPeerAt(change, change.server), 'latin1')) };
}

/** Bytes of the checksum in front of each value. */
const sealBytes = 8;

/** LevelDB looks at its own checksums only where it must; a flipped digit would be believed by the whole herd. */
function sealOf(line: Buffer): Buffer {
  return createHash('sha256').update(line).digest().subarray(0, sealBytes);
}

function sealed(line: Buffer): Buffer {
  return Buffer.concat([sealOf(line), line]);
}

/** A value that was not written so. */
class ForeignValueError extends Error {
  readonly code = 'HERD_FOREIGN_VALUE';
}

function locationOf(value: Buffer): Location {
  const bytes = value.subarray(sealBytes);
  const line = parsePeerLine(bytes.toString('latin1'));
  if (line.kind !== 'AT' || !sealOf(bytes).equals(value.subarray(0, sealBytes))) {
    throw new ForeignValueError('a value in it is not what was written');
  }
  return line.location;
}

/** Files of a database without the one that names its manifest: LevelDB would begin anew in silence, and remove them. */
class NoCurrentError extends Error {
  readonly code = 'HERD_NO_CURRENT';
}

/** @throws NoCurrentError */
async function requireCurrent(path: string): Promise<void> {
  const names = await readdir(path).catch((): string[] => []);
  if (names.includes('CURRENT') || !names.some((name) => /\.(?:ldb|log)$/.test(name))) return;
  throw new NoCurrentError('the file CURRENT is gone');
}

/**
 * What LevelDB says, besides that there is corruption, of a file that is gone or too short; not of a disk or its rights. Where
 * the damage is a NUL byte in the name of a file, its sentence ends there.
 */
const brokenFile = /^IO error: [^:]*$|: (?:Invalid argument|No such file or directory|Is a directory|Not a directory)$/;

function isDamage(error: unknown): boolean {
  if (error instanceof ForeignValueError || error instanceof NoCurrentError) return true;
  const causes = [error, (error as Error).cause].filter((each) => each instanceof Error);
  return causes.some(
    (each) => (each as { code?: string }).code === 'LEVEL_CORRUPTION' || brokenFile.test(each.message),
  );
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
