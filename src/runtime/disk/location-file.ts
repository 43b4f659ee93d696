import { rename } from 'node:fs/promises';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses } from '../../actors/addresses.js';
import type { DiskMessage } from '../../actors/store/messages.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { StoreError } from '../errors.js';
import { maxDiskChanges } from '../host/memory-bound.js';
import type { MessageBus } from '../bus/message-bus.js';
import {
  databaseExists,
  openDatabase,
  createOperation,
  readPages,
  describeDatabaseError,
  type LocationDatabase,
} from './location-database.js';

/** How long changes are gathered before they are written, in milliseconds: what a crash may lose is at its neighbours. */
const batchDelayMs = 200;

/** Changes in one write: few enough that putting them together does not hold up the clients. */
const maxBatch = 1_000;

/** Milliseconds between two looks at whether the folder is still there, while there is nothing to write. */
const folderCheckMs = 1_000;

/** A location that is to be written; undefined: the client is to be removed. */
type Change = Location | undefined;

/** What a location file needs of the world. */
export interface LocationFileOptions {
  readonly clock: Clock;
  /** How the database in a folder is damaged; undefined if it is not. Survives whatever it finds. */
  readonly inspect: (folder: string) => Promise<string | undefined>;
  /** Hears what people should know, once for each trouble that begins. */
  readonly onProblem: (text: string) => void;
}

/**
 * A server's locations on disk, so that they survive the loss of the whole herd. It listens to the server's bus; changes are
 * gathered, the newest of each client only, and written in batches on another thread. What is on disk may be older than what
 * is in memory, and is never newer. Where changes were lost, because too many waited or somebody deleted the folder, all that
 * the store holds is written again.
 */
export class LocationFile {
  private readonly changes = new Map<ClientId, Change>();
  private state: 'idle' | 'batching' | 'writing' | 'closed' = 'idle';
  private health: 'sound' | 'failing' = 'sound';
  /** Whether all must be written again: not at all, from the start, or from a cursor of the store on. */
  private rewriting: 'no' | 'due' | { readonly from: number } = 'no';
  private bus: MessageBus | undefined;
  /** Hears the page that the store was asked for; undefined while it is asked for none. */
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
   * Opens the folder, makes it if it is not there, and reads what is in it. A damaged one is reported, set aside under another
   * name, and begun anew: neighbours know what it held.
   *
   * @throws StoreError when the folder cannot be made, or another process has it open
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

  /** Writes down what happens on a bus from now on. */
  listen(bus: MessageBus): void {
    this.bus = bus;
    bus.on('locations-learned', ({ locations }) => {
      for (const location of locations) this.recordChange(location.client, location);
    });
    bus.on('location-fetched', ({ location }) => this.recordChange(location.client, location));
    bus.on('location-evicted', ({ location }) => this.recordChange(location.client, undefined));
    bus.attach<DiskMessage>(addresses.disk, {
      receive: (message) => this.receivePage(message),
      stop: () => this.receivePage(undefined),
    });
    this.goIdle();
  }

  /** Resolves when everything is written, or cannot be. What was to be written again as a whole is as far as it had come. */
  async close(): Promise<void> {
    this.state = 'closed';
    this.options.clock.clearTimeout(this.timer);
    this.receivePage(undefined);
    await this.lastWrite;
    while (this.changes.size > 0 && (await this.writeBatch()) === 'written');
    await this.database.close();
    this.bus?.detach(addresses.disk);
  }

  private recordChange(client: ClientId, change: Change): void {
    // What is to be written again as a whole is what the store holds then.
    if (this.state === 'closed' || this.rewriting === 'due') return;
    this.changes.set(client, change);
    if (this.changes.size > maxDiskChanges) this.requestRewrite();
    if (this.state === 'idle') this.startBatching();
  }

  private requestRewrite(): void {
    this.changes.clear();
    this.rewriting = 'due';
  }

  private startBatching(): void {
    this.state = 'batching';
    this.scheduleWrite(batchDelayMs);
  }

  /** Has nothing to write. */
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
    let outcome = await this.writeNext();
    while (outcome === 'written' && !this.isClosed() && (this.changes.size >= maxBatch || this.rewriting !== 'no')) {
      outcome = await this.writeNext();
    }
    if (this.isClosed()) return;
    if (this.changes.size > 0 || this.rewriting !== 'no') this.startBatching();
    else this.goIdle();
  }

  /** A method, because the state may have changed while something was awaited. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Somebody may have deleted the folder: LevelDB would go on writing into files that nobody can find again. */
  private async ensureFolder(): Promise<void> {
    const { folder, options } = this;
    if ((await databaseExists(folder)) || this.isClosed()) return;
    if (this.health === 'sound') {
      options.onProblem(`${folder} is gone; it is made anew, and all locations are written into it again`);
    }
    this.requestRewrite();
    try {
      await this.database.close();
      // Part of it may still be there.
      await rename(folder, asidePathOf(folder, 'incomplete')).catch(() => undefined);
      this.database = await openDatabase(folder);
    } catch (error) {
      this.reportFailure(error);
    }
  }

  /** Writes a batch of changes, or the next page of all that the store holds. */
  private async writeNext(): Promise<'written' | 'failed'> {
    if (this.rewriting !== 'no' && this.changes.size < maxBatch && (await this.addPage()) === 'failed') return 'failed';
    return this.writeBatch();
  }

  /** Adds the next page of all that is to be written again to the changes; what has changed meanwhile is newer. */
  private async addPage(): Promise<'added' | 'failed'> {
    if (this.rewriting === 'due') {
      try {
        await this.database.clear();
      } catch (error) {
        await this.handleWriteError(error);
        return 'failed';
      }
      this.rewriting = { from: 0 };
    }
    const { rewriting } = this;
    const page = rewriting === 'no' ? undefined : await this.requestPage(rewriting.from);
    // While it was waited for, too many changes may have come.
    if (page?.kind !== 'listed' || this.rewriting !== rewriting) return 'failed';
    for (const location of page.locations) {
      if (!this.changes.has(location.client)) this.changes.set(location.client, location);
    }
    this.rewriting = page.next === undefined ? 'no' : { from: page.next };
    return 'added';
  }

  /** A page of what the store holds; undefined when there is none to be had any more. */
  private requestPage(from: number): Promise<DiskMessage | undefined> {
    return new Promise((resolve) => {
      const { bus } = this;
      if (bus === undefined || this.isClosed()) return resolve(undefined);
      this.onPage = resolve;
      const question = (this.lastPageRequest += 1);
      bus.send(addresses.store, { kind: 'list', from, max: maxBatch, replyTo: addresses.disk, requestId: question });
    });
  }

  private receivePage(page: DiskMessage | undefined): void {
    const { onPage } = this;
    if (page !== undefined && page.requestId !== this.lastPageRequest) return;
    this.onPage = undefined;
    onPage?.(page);
  }

  private async writeBatch(): Promise<'written' | 'failed'> {
    const batch: [ClientId, Change][] = [];
    for (const entry of this.changes) {
      if (batch.length >= maxBatch) break;
      this.changes.delete(entry[0]);
      batch.push(entry);
    }
    try {
      if (batch.length > 0) {
        await this.database.batch(batch.map(([client, change]) => createOperation(client, change)));
        this.health = 'sound';
      }
      return 'written';
    } catch (error) {
      // Kept for the next time, unless something newer has come in between, or all is to be written again.
      if (this.rewriting !== 'due') {
        for (const [client, change] of batch) if (!this.changes.has(client)) this.changes.set(client, change);
      }
      await this.handleWriteError(error);
      return 'failed';
    }
  }

  private async handleWriteError(error: unknown): Promise<void> {
    this.reportFailure(error);
    await this.reopen();
  }

  private reportFailure(error: unknown): void {
    if (this.health === 'sound')
      this.options.onProblem(`${this.folder} cannot be written: ${describeDatabaseError(error)}`);
    this.health = 'failing';
  }

  /** After a write that failed LevelDB refuses all others, until it is opened again. */
  private async reopen(): Promise<void> {
    if (this.isClosed()) return;
    try {
      await this.database.close();
      if (await databaseExists(this.folder)) await this.database.open();
    } catch {
      // The next write fails as well, and tries again.
    }
  }
}

async function moveAside(folder: string, damage: string, onProblem: (text: string) => void): Promise<void> {
  const asidePath = asidePathOf(folder, 'damaged');
  onProblem(`${folder} is damaged (${damage}); it is set aside as ${asidePath}, and begun anew`);
  await rename(folder, asidePath);
}

function asidePathOf(folder: string, what: 'damaged' | 'incomplete'): string {
  return `${folder}.${what}-${new Date().toISOString().replaceAll(':', '-')}`;
}
