import { rename } from 'node:fs/promises';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses } from '../../actors/addresses.js';
import { ConflatingQueue } from '../../actors/store/conflating-queue.js';
import type { DiskMessage } from '../../actors/store/messages.js';
import type { Location } from '../../protocol/place/location.js';
import { StoreError } from '../errors.js';
import { maxDiskChanges } from '../fixed-limits.js';
import type { MessageBus } from '../bus/message-bus.js';
import { HeldPartitions } from './held-partitions.js';
import {
  databaseExists,
  openDatabase,
  createOperation,
  Deletion,
  readPages,
  describeDatabaseError,
  type LocationDatabase,
} from './location-database.js';

/** Batching delay in milliseconds. Changes lost in a crash are restored by neighbours. */
const batchDelayMs = 200;

/** Maximum changes per write, so that preparing a batch does not delay clients. */
const maxBatch = 1_000;

/** Interval of checks that the folder still exists while there is nothing to write, in milliseconds. */
const folderCheckMs = 1_000;

type Change = Location | Deletion;

/** Dependencies of a location file. */
export interface LocationFileOptions {
  readonly clock: Clock;
  /** Checks the database in a folder; resolves with a description of the corruption, or undefined. Must survive an abort of LevelDB. */
  readonly inspect: (folder: string) => Promise<string | undefined>;
  /** Is called with a message for the operator, once per problem. */
  readonly onProblem: (text: string) => void;
}

/**
 * Rewriting of all locations, from the store: a request, or the cursor of the next page. It is needed if changes were dropped because
 * too many were queued, or the folder was deleted.
 */
type Rewrite =
  { readonly kind: 'none' } | { readonly kind: 'requested' } | { readonly kind: 'running'; readonly from: number };

/**
 * Locations of a server on disk, so that they survive the loss of the whole herd. Listens to events of the server's bus, keeps the
 * newest change per client, and writes batches on another thread. The disk may be older than the memory, never newer.
 */
export class LocationFile {
  private readonly changes = new ConflatingQueue<Change>({ placeOfReplacement: 'same', maxClients: maxDiskChanges });
  private state: 'idle' | 'batching' | 'writing' | 'closed' = 'idle';
  /** Whether the last write failed, which was reported. */
  private isFailing = false;
  private rewrite: Rewrite = { kind: 'none' };
  private bus: MessageBus | undefined;
  private partitions: HeldPartitions | undefined;
  /** Resolves the pending request for a page of the store. */
  private onPage: ((page: DiskMessage | undefined) => void) | undefined;
  private lastPageRequest = 0;
  private lastWrite: Promise<void> = Promise.resolve();
  private timer: unknown;

  private constructor(
    private readonly folder: string,
    private database: LocationDatabase,
    private readonly options: LocationFileOptions,
  ) {}

  /**
   * Opens the folder, creates it if it is missing, and reads all locations. A corrupt folder is reported, renamed and replaced by an
   * empty one: neighbours have its locations.
   *
   * @throws StoreError if the folder cannot be created or another process has it open
   */
  static async open(
    folder: string,
    options: LocationFileOptions,
  ): Promise<{ file: LocationFile; locations: readonly Location[] }> {
    const damage = await options.inspect(folder);
    try {
      if (damage !== undefined) await moveAside(folder, damage, options.onProblem);
      const database = await openDatabase(folder);
      const locations: Location[] = [];
      for await (const page of readPages(database)) locations.push(...page);
      return { file: new LocationFile(folder, database, options), locations };
    } catch (error) {
      throw new StoreError(folder, describeDatabaseError(error), error);
    }
  }

  /**
   * Starts to write the changes of the server with this bus.
   * @param usesNats whether the server holds only some partitions: locations in others are not written
   */
  listen(bus: MessageBus, usesNats: boolean): void {
    this.bus = bus;
    const partitions = new HeldPartitions(bus, usesNats);
    this.partitions = partitions;
    bus.on('locations-learned', ({ batch }) => {
      for (const location of partitions.select(batch)) this.recordChange(location);
    });
    bus.on('location-evicted', ({ location }) => this.recordChange(new Deletion(location.client)));
    bus.attach<DiskMessage>(addresses.disk, {
      receive: (message) => this.receivePage(message),
      stop: () => this.receivePage(undefined),
    });
    this.goIdle();
  }

  /** Closes the database after writing the queued changes, as far as possible. A rewrite in progress is not completed. */
  async close(): Promise<void> {
    this.state = 'closed';
    this.options.clock.clearTimeout(this.timer);
    this.receivePage(undefined);
    await this.lastWrite;
    while (this.changes.size > 0 && (await this.writeBatch()));
    await this.database.close();
    this.bus?.detach(addresses.disk);
  }

  private recordChange(change: Change): void {
    // A requested rewrite includes the change.
    if (this.state === 'closed' || this.rewrite.kind === 'requested') return;
    this.enqueue(change);
    if (this.state === 'idle') this.startBatching();
  }

  private enqueue(change: Change): void {
    if (this.changes.offer(change) === 'overflow') this.requestRewrite();
  }

  private requestRewrite(): void {
    this.changes.clear();
    this.rewrite = { kind: 'requested' };
  }

  private startBatching(): void {
    this.state = 'batching';
    this.scheduleWrite(batchDelayMs);
  }

  private goIdle(): void {
    this.state = 'idle';
    this.scheduleWrite(folderCheckMs);
  }

  private scheduleWrite(delayMs: number): void {
    const { clock } = this.options;
    clock.clearTimeout(this.timer);
    this.timer = clock.setTimeout(() => {
      this.lastWrite = this.writeChanges();
    }, delayMs);
  }

  private async writeChanges(): Promise<void> {
    this.state = 'writing';
    await this.ensureFolder();
    let succeeded = await this.writeNext();
    while (succeeded && !this.isClosed() && (this.changes.size >= maxBatch || this.isRewriting())) {
      succeeded = await this.writeNext();
    }
    if (this.isClosed()) return;
    if (this.changes.size > 0 || this.isRewriting()) this.startBatching();
    else this.goIdle();
  }

  /** A method, because the state may change during an `await`, which the type checker does not see. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private isRewriting(): boolean {
    return this.rewrite.kind !== 'none';
  }

  /** Recreates the folder if it was deleted: LevelDB would continue to write to the deleted files. */
  private async ensureFolder(): Promise<void> {
    const { folder, options } = this;
    if ((await databaseExists(folder)) || this.isClosed()) return;
    if (!this.isFailing) options.onProblem(`${folder} was deleted; recreating it and writing all locations again`);
    this.requestRewrite();
    try {
      await this.database.close();
      // Some files may still exist.
      await rename(folder, asidePathOf(folder, 'incomplete')).catch(() => undefined);
      this.database = await openDatabase(folder);
    } catch (error) {
      this.reportFailure(error);
    }
  }

  /** Writes a batch of changes, including the next page of a rewrite. Returns whether it succeeded. */
  private async writeNext(): Promise<boolean> {
    if (this.isRewriting() && this.changes.size < maxBatch && !(await this.addPage())) return false;
    return this.writeBatch();
  }

  /** Adds the next page of the rewrite to the changes, which take precedence. Returns whether it succeeded. */
  private async addPage(): Promise<boolean> {
    if (this.rewrite.kind === 'requested') {
      try {
        await this.database.clear();
      } catch (error) {
        await this.handleWriteError(error);
        return false;
      }
      this.rewrite = { kind: 'running', from: 0 };
    }
    const { rewrite } = this;
    const page = rewrite.kind === 'running' ? await this.requestPage(rewrite.from) : undefined;
    // The rewrite may have been requested again in the meantime.
    if (page?.kind !== 'listed' || this.rewrite !== rewrite) return false;
    for (const location of page.locations) {
      if (this.partitions?.has(location) === true && !this.changes.has(location.client)) this.enqueue(location);
    }
    this.rewrite = page.next === undefined ? { kind: 'none' } : { kind: 'running', from: page.next };
    return true;
  }

  /** Requests a page of the store; undefined if the store or this file is stopping. */
  private requestPage(from: number): Promise<DiskMessage | undefined> {
    return new Promise((resolve) => {
      const { bus } = this;
      if (bus === undefined || this.isClosed()) return resolve(undefined);
      this.onPage = resolve;
      const requestId = (this.lastPageRequest += 1);
      bus.send(addresses.store, { kind: 'list', from, max: maxBatch, replyTo: addresses.disk, requestId });
    });
  }

  private receivePage(page: DiskMessage | undefined): void {
    const { onPage } = this;
    if (page !== undefined && page.requestId !== this.lastPageRequest) return;
    this.onPage = undefined;
    onPage?.(page);
  }

  /** Writes a batch of changes; returns whether it succeeded. */
  private async writeBatch(): Promise<boolean> {
    const batch: Change[] = [];
    for (const change of this.changes.drain(() => batch.length < maxBatch)) batch.push(change);
    try {
      if (batch.length > 0) {
        await this.database.batch(batch.map(createOperation));
        this.isFailing = false;
      }
      return true;
    } catch (error) {
      // Queued again, unless there is a newer change or a rewrite.
      for (const change of batch) {
        if (this.rewrite.kind !== 'requested' && !this.changes.has(change.client)) this.enqueue(change);
      }
      await this.handleWriteError(error);
      return false;
    }
  }

  private async handleWriteError(error: unknown): Promise<void> {
    this.reportFailure(error);
    await this.reopen();
  }

  private reportFailure(error: unknown): void {
    if (!this.isFailing) this.options.onProblem(`cannot write to ${this.folder}: ${describeDatabaseError(error)}`);
    this.isFailing = true;
  }

  /** After a failed write LevelDB rejects all others until it is reopened. */
  private async reopen(): Promise<void> {
    if (this.isClosed()) return;
    try {
      await this.database.close();
      if (await databaseExists(this.folder)) await this.database.open();
    } catch {
      // The next write fails as well and retries.
    }
  }
}

async function moveAside(folder: string, damage: string, onProblem: (text: string) => void): Promise<void> {
  const asidePath = asidePathOf(folder, 'damaged');
  await rename(folder, asidePath);
  onProblem(`${folder} is damaged (${damage}); renamed it to ${asidePath} and created an empty one`);
}

function asidePathOf(folder: string, what: 'damaged' | 'incomplete'): string {
  return `${folder}.${what}-${new Date().toISOString().replaceAll(':', '-')}`;
}
