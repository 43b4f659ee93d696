import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { formatPeerAt, parsePeerLine } from '../../protocol/peer/peer-line.js';

/** Locations read at once. */
const pageSize = 1_000;

/** An embedded LevelDB: a client's ID is the key, the sealed line of its location the value. */
export type LocationDatabase = ClassicLevel<Buffer, Buffer>;

/**
 * Opens the database in a folder; makes it if it is not there, for the owner and the group alone: it says where people are.
 * @throws what LevelDB or the file system says, or that its manifest is not named any more
 */
export async function openDatabase(folder: string): Promise<LocationDatabase> {
  await requireCurrentFile(folder);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const database = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  return database;
}

/**
 * All locations in a database, a page at a time.
 * @throws what LevelDB says, or that a value is not what was written
 */
export async function* readPages(database: LocationDatabase): AsyncGenerator<readonly Location[]> {
  const values = database.values();
  try {
    for (let page = await values.nextv(pageSize); page.length > 0; page = await values.nextv(pageSize)) {
      yield page.map(parseValue);
    }
  } finally {
    await values.close();
  }
}

/**
 * Reads all of a folder as a server would that starts. LevelDB ends the process over some damages, so this is for a process of
 * its own.
 * @returns how it is damaged; undefined if it is not, or cannot be opened for another reason
 */
export async function findCorruption(folder: string): Promise<string | undefined> {
  const wrongFileType = await findWrongFileType(folder);
  if (wrongFileType !== undefined) return wrongFileType;
  let database: LocationDatabase | undefined;
  try {
    database = await openDatabase(folder);
    const pages = readPages(database);
    while ((await pages.next()).done !== true);
    return undefined;
  } catch (error) {
    return isCorruption(error) ? describeDatabaseError(error) : undefined;
  } finally {
    await database?.close();
  }
}

/** Whether a database is still in its folder, as far as can be seen without opening it. */
export async function databaseExists(folder: string): Promise<boolean> {
  return (await fileTypeOf(join(folder, currentFileName))) !== 'missing';
}

/** The file that names the manifest, and with it all others. */
const currentFileName = 'CURRENT';

/** The files of a LevelDB. */
const databaseFilePattern = /^(?:CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(?:ldb|log|sst))$/;

/** What is not of the kind that it must be, a folder of files. */
async function findWrongFileType(folder: string): Promise<string | undefined> {
  const fileType = await fileTypeOf(folder);
  if (fileType === 'missing') return undefined;
  if (fileType !== 'folder') return 'it is not a folder';
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (databaseFilePattern.test(name) && (await fileTypeOf(join(folder, name))) !== 'file')
      return `${name} in it is not a file`;
  }
  return undefined;
}

/** What a path leads to. What cannot be looked at counts as a file: opening it says why. */
async function fileTypeOf(path: string): Promise<'file' | 'folder' | 'missing' | 'other'> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'file';
  }
}

/** The operation that puts a client's location, or takes it out. */
export function createOperation(
  client: ClientId,
  location: Location | undefined,
): { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer } {
  const key = Buffer.from(client, 'latin1');
  if (location === undefined) return { type: 'del', key };
  return { type: 'put', key, value: addChecksum(Buffer.from(formatPeerAt(location, location.server), 'latin1')) };
}

/** Bytes of the checksum in front of each value. */
const checksumBytes = 8;

/** LevelDB looks at its own checksums only where it must; a flipped digit would be believed by the whole herd. */
function checksumOf(line: Buffer): Buffer {
  return createHash('sha256').update(line).digest().subarray(0, checksumBytes);
}

function addChecksum(line: Buffer): Buffer {
  return Buffer.concat([checksumOf(line), line]);
}

/** A value that was not written so. */
class InvalidValueError extends Error {
  readonly code = 'HERD_INVALID_VALUE';
}

function parseValue(value: Buffer): Location {
  const bytes = value.subarray(checksumBytes);
  const line = parsePeerLine(bytes.toString('latin1'));
  if (line.kind !== 'AT' || !checksumOf(bytes).equals(value.subarray(0, checksumBytes))) {
    throw new InvalidValueError('a value in it is not what was written');
  }
  return line.location;
}

/** Files of a database without the one that names its manifest: LevelDB would begin anew in silence, and remove them. */
class MissingCurrentFileError extends Error {
  readonly code = 'HERD_MISSING_CURRENT_FILE';
}

/** @throws NoCurrentError */
async function requireCurrentFile(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes(currentFileName) || !names.some((name) => /\.(?:ldb|log)$/.test(name))) return;
  throw new MissingCurrentFileError('the file CURRENT is gone');
}

/**
 * What LevelDB says, besides that there is corruption, of a file that is gone or too short; not of a disk or its rights. Where
 * the damage is a NUL byte in the name of a file, its sentence ends there.
 */
const corruptionPattern =
  /^IO error: [^:]*$|: (?:Invalid argument|No such file or directory|Is a directory|Not a directory)$/;

function isCorruption(error: unknown): boolean {
  if (error instanceof InvalidValueError || error instanceof MissingCurrentFileError) return true;
  const causes = [error, (error as Error).cause].filter((cause) => cause instanceof Error);
  return causes.some(
    (cause) => (cause as { code?: string }).code === 'LEVEL_CORRUPTION' || corruptionPattern.test(cause.message),
  );
}

/** What an error of LevelDB says. */
export function describeDatabaseError(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
