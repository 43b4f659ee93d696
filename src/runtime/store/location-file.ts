import { rename } from 'node:fs/promises';
import type { Clock } from '../../actors/clock.js';
import type { ClientId } from '../../protocol/ids.js';
import type { Location } from '../../protocol/location.js';
import { StoreError } from '../errors.js';
import type { MessageBus } from '../message-bus.js';
import { openDatabase, operationOf, pagesOf, reasonOf, type LocationDatabase } from './location-database.js';

/** How long changes are gathered before they are written, in milliseconds: what a crash may lose is at its neighbours. */
const gatherMs = 200;

/** Changes in one write: few enough that putting them together does not hold up the clients. */
const batchMax = 1_000;

/** A location that is to be written; undefined: the client is to be removed. */
type Change = Location | undefined;

/** What a location file needs of the world. */
export interface LocationFileEdges {
  readonly clock: Clock;
  /** How the database in a folder is damaged; undefined if it is not. Survives whatever it finds. */
  readonly inspect: (folder: string) => Promise<string | undefined>;
  /** Hears what people should know, once for each trouble that begins. */
  readonly onTrouble: (text: string) => void;
}

/**
 * A server's locations on disk, so that they survive the loss of the whole herd. It listens to the server's bus; changes are
 * gathered, the newest of each client only, and written in batches on another thread. What is on disk may be older than what
 * is in memory, and is never newer.
 */
export class LocationFile {
  private readonly changes = new Map<ClientId, Change>();
  private state: 'idle' | 'gathering' | 'writing' | 'closed' = 'idle';
  private health: 'sound' | 'failing' = 'sound';
  private written: Promise<void> = Promise.resolve();
  private timer: unknown;

  private constructor(
    private readonly database: LocationDatabase,
    private readonly edges: LocationFileEdges,
  ) {}

  /**
   * Opens the folder, makes it if it is not there, and reads what is in it. A damaged one is reported, set aside under another
   * name, and begun anew: neighbours know what it held.
   *
   * @throws StoreError when the folder cannot be made, or another process has it open
   */
  static async open(
    folder: string,
    edges: LocationFileEdges,
  ): Promise<{ file: LocationFile; locations: readonly Location[] }> {
    const damage = await edges.inspect(folder);
    try {
      if (damage !== undefined) await setAside(folder, damage, edges.onTrouble);
      const database = await openDatabase(folder);
      const locations: Location[] = [];
      for await (const page of pagesOf(database)) locations.push(...page);
      return { file: new LocationFile(database, edges), locations };
    } catch (error) {
      throw new StoreError(folder, reasonOf(error), error);
    }
  }

  /** Writes down what happens on a bus from now on. */
  listen(bus: MessageBus): void {
    bus.on('locations-learned', ({ locations }) => {
      for (const location of locations) this.note(location.client, location);
    });
    bus.on('location-fetched', ({ location }) => this.note(location.client, location));
    bus.on('location-forgotten', ({ location }) => this.note(location.client, undefined));
  }

  /** Resolves when everything is written, or cannot be. */
  async close(): Promise<void> {
    this.state = 'closed';
    this.edges.clock.clearTimeout(this.timer);
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
    this.timer = this.edges.clock.setTimeout(() => {
      this.written = this.writeGathered();
    }, gatherMs);
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
      if (this.health === 'sound') {
        this.edges.onTrouble(`${this.database.location} cannot be written: ${reasonOf(error)}`);
      }
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

async function setAside(folder: string, damage: string, onTrouble: (text: string) => void): Promise<void> {
  const aside = `${folder}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  onTrouble(`${folder} is damaged (${damage}); it is set aside as ${aside}, and begun anew`);
  await rename(folder, aside);
}
