import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { formatPeerAt, parsePeerLine } from '../../protocol/peer/peer-line.js';

/** Locations per page. */
const pageSize = 1_000;

/** Embedded LevelDB. The key is the client ID, the value the peer line of the location with a checksum in front. */
export type LocationDatabase = ClassicLevel<Buffer, Buffer>;

/**
 * Opens the database in a folder and creates it if it is missing, readable for owner and group only: it contains personal data.
 * @throws errors of LevelDB and the file system; MissingCurrentFileError if the file CURRENT is missing
 */
export async function openDatabase(folder: string): Promise<LocationDatabase> {
  await requireCurrentFile(folder);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const database = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  return database;
}

/**
 * Reads all locations, page by page.
 * @throws errors of LevelDB; InvalidValueError for a value with a wrong checksum
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
 * Checks a folder for corruption by reading all of it. Run it in a subprocess: LevelDB aborts the process on some kinds of corruption.
 * @returns a description of the corruption; undefined if there is none, or the folder cannot be opened for another reason
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

/** Whether a folder contains a database, without opening it. */
export async function databaseExists(folder: string): Promise<boolean> {
  return (await fileTypeOf(join(folder, currentFileName))) !== 'missing';
}

/** File that names the manifest, which lists all other files. */
const currentFileName = 'CURRENT';

/** Names of the files of LevelDB. */
const databaseFilePattern = /^(?:CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(?:ldb|log|sst))$/;

/** Describes a path of the wrong type: the database must be a folder that contains files. */
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

/** Type of a path. One that cannot be examined counts as a file: opening it reports the reason. */
async function fileTypeOf(path: string): Promise<'file' | 'folder' | 'missing' | 'other'> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'file';
  }
}

/** Deletion of the location of a client. */
export class Deletion {
  constructor(readonly client: ClientId) {}
}

/** Creates the operation that stores or deletes the location of a client. */
export function createOperation(
  change: Location | Deletion,
): { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer } {
  const key = Buffer.from(change.client, 'latin1');
  if (change instanceof Deletion) return { type: 'del', key };
  return { type: 'put', key, value: addChecksum(Buffer.from(formatPeerAt(change, change.server), 'latin1')) };
}

/** Length of the checksum in front of each value. */
const checksumBytes = 8;

/** LevelDB does not always verify its own checksums, and a corrupt location would spread to the whole herd. */
function checksumOf(line: Buffer): Buffer {
  return createHash('sha256').update(line).digest().subarray(0, checksumBytes);
}

function addChecksum(line: Buffer): Buffer {
  return Buffer.concat([checksumOf(line), line]);
}

/** A value has a wrong checksum or format. */
class InvalidValueError extends Error {
  readonly code = 'HERD_INVALID_VALUE';
}

function parseValue(value: Buffer): Location {
  const bytes = value.subarray(checksumBytes);
  const line = parsePeerLine(bytes.toString('latin1'));
  if (line.kind !== 'AT' || !checksumOf(bytes).equals(value.subarray(0, checksumBytes))) {
    throw new InvalidValueError('a value has a wrong checksum');
  }
  return line.location;
}

/** The file CURRENT is missing. LevelDB would create an empty database and delete the existing files. */
class MissingCurrentFileError extends Error {
  readonly code = 'HERD_MISSING_CURRENT_FILE';
}

/** @throws MissingCurrentFileError if there are database files without CURRENT */
async function requireCurrentFile(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes(currentFileName) || !names.some((name) => /\.(?:ldb|log)$/.test(name))) return;
  throw new MissingCurrentFileError('the file CURRENT is missing');
}

/**
 * Messages of LevelDB for files that are missing or too short, which are not reported as corruption; not for disk errors or missing
 * permissions. If a file name contains a NUL byte, the message ends there.
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

/** Message of an error of LevelDB, which is often in its `cause`. */
export function describeDatabaseError(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
