import { columnsPerRow, endColumn, LocationBatch, startColumn } from '../../../protocol/place/location-batch.js';
import { partitionCount, partitionOfLeaf } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { formatNatsMessage, type ConfirmMessage, type Sender } from '../../../protocol/nats/messages.js';

const LF = 10;

/**
 * Intervals of the heartbeat after which reports that the holders have not confirmed are published again. They double each time, since
 * the confirmation may take longer.
 */
const firstUnconfirmedTicks = 3;
const lastUnconfirmedTicks = 96;

/** What a publisher needs. */
export interface PublisherDependencies {
  readonly self: Sender;
  /** Publishes a payload. */
  readonly publish: (partition: number, payload: Buffer) => void;
  /** Whether this server holds a partition for good, so that its reports are not retained. */
  readonly holds: (partition: number) => boolean;
  /** Returns the other members that hold a partition completely. */
  readonly completeHolders: (partition: number) => readonly ServerId[];
  /** Drops the older generation of retained reports, and retains further ones in a new generation. */
  readonly rotate: () => void;
  /** Publishes the retained reports of partitions again. */
  readonly republish: (partitions: ReadonlySet<number>) => void;
}

/**
 * Publishes locations, and finds out when the holders of a partition have those that this server does not hold: they confirm
 * publications by their sequence. Reports are retained in two generations (`UnheldLocations`). The older one is dropped when all complete
 * holders have confirmed its last publication in each partition, and published again if they do not.
 *
 * A confirmation covers what was lost before the floor: while reports are being published again, it says nothing of those that are still
 * to come. So generations stay as they are until all have been.
 */
export class Publisher {
  /** The last publication in each partition. */
  private readonly sequences = new Float64Array(partitionCount);
  /** The publications up to which all holders have everything: see `PublicationHeader.floor`. */
  private readonly floors = new Float64Array(partitionCount);
  /** The last publication with reports of the younger generation; 0 without any, Infinity if one was not published. */
  private readonly younger = new Float64Array(partitionCount);
  /** The same of the older generation. */
  private older = new Map<number, number>();
  /** Whether retained reports are being published again: until all are, the sequences above do not cover them. */
  private isRepublishing = false;
  /** Ticks since the older generation was made or published again, and those after which it is published again. */
  private ticks = 0;
  private maxTicks = firstUnconfirmedTicks;
  /** The publications that each holder has confirmed. */
  private readonly confirmed = new Map<ServerId, { readonly run: string; readonly sequences: Float64Array }>();
  private readonly rows: number[][] = Array.from({ length: partitionCount }, () => []);

  constructor(private readonly dependencies: PublisherDependencies) {}

  /** Whether there are retained reports that the holders have not confirmed. */
  get hasUnconfirmed(): boolean {
    const isUnconfirmed = ([partition, sequence]: readonly [number, number]): boolean =>
      sequence > 0 && !this.isConfirmed(partition, sequence);
    return (
      this.isRepublishing || [...this.older].some(isUnconfirmed) || [...this.younger.entries()].some(isUnconfirmed)
    );
  }

  /**
   * Publishes locations of clients.
   * @param maxBytes maximum bytes of the lines in a publication; undefined if there is no session
   */
  publish(batch: LocationBatch, maxBytes: number | undefined): void {
    const touched: number[] = [];
    for (let row = 0; row < batch.count; row += 1) {
      const partition = partitionOfLeaf(batch.leaf(row));
      const rows = this.rows[partition] ?? [];
      if (rows.length === 0) touched.push(partition);
      rows.push(row);
    }
    for (const partition of touched) {
      const rows = this.rows[partition] ?? [];
      this.publishRows(partition, batch, rows, maxBytes);
      rows.length = 0;
    }
  }

  /** Begins to publish the retained reports of partitions again, in the publications that follow. */
  beginRepublishing(partitions: ReadonlySet<number>): void {
    this.ticks = 0;
    this.isRepublishing = true;
    for (const partition of partitions) {
      this.floors[partition] = this.sequences[partition] ?? 0;
      // Only what is still retained is published again.
      this.younger[partition] = 0;
      this.older.delete(partition);
    }
  }

  /** Publishes retained reports of either generation again. */
  republish(batch: LocationBatch, maxBytes: number | undefined): void {
    this.publish(batch, maxBytes);
    for (let row = 0; row < batch.count; row += 1) {
      const partition = partitionOfLeaf(batch.leaf(row));
      if (!this.dependencies.holds(partition)) this.older.set(partition, this.sequences[partition] ?? 0);
    }
  }

  /** All retained reports of the partitions were published again. */
  endRepublishing(partitions: ReadonlySet<number>): void {
    this.isRepublishing = false;
    for (const partition of partitions) {
      const sequence = this.sequences[partition] ?? 0;
      // Where there was none, an empty publication tells the holders that none is missing.
      if (sequence > 0 && sequence === this.floors[partition] && !this.dependencies.holds(partition)) {
        this.send(partition, new LocationBatch(), [], 0, false);
      }
    }
  }

  /** Records a confirmation. */
  confirm({ server, run, confirmed }: ConfirmMessage): void {
    let known = this.confirmed.get(server);
    if (known?.run !== run) {
      known = { run, sequences: new Float64Array(partitionCount) };
      this.confirmed.set(server, known);
    }
    for (const [partition, sequence] of confirmed) {
      if (sequence > (this.sequences[partition] ?? 0)) continue;
      known.sequences[partition] = Math.max(known.sequences[partition] ?? 0, sequence);
      this.raiseFloor(partition);
    }
  }

  /** Forgets what a member has confirmed that is gone. */
  forget(server: ServerId): void {
    this.confirmed.delete(server);
  }

  /** Drops what is confirmed, or publishes again what is not. Called once per heartbeat interval while there is a session. */
  tick(): void {
    if (this.isRepublishing || (this.older.size === 0 && this.younger.every((sequence) => sequence === 0))) return;
    const unconfirmed = [...this.older].filter(([partition, sequence]) => !this.isConfirmed(partition, sequence));
    if (unconfirmed.length > 0) {
      this.ticks += 1;
      if (this.ticks < this.maxTicks) return;
      this.maxTicks = Math.min(2 * this.maxTicks, lastUnconfirmedTicks);
      return this.dependencies.republish(new Set(unconfirmed.map(([partition]) => partition)));
    }
    this.older = new Map([...this.younger.entries()].filter(([, sequence]) => sequence > 0));
    this.younger.fill(0);
    this.ticks = 0;
    this.maxTicks = firstUnconfirmedTicks;
    this.dependencies.rotate();
  }

  private publishRows(
    partition: number,
    batch: LocationBatch,
    rows: readonly number[],
    maxBytes: number | undefined,
  ): void {
    const isHeld = this.dependencies.holds(partition);
    if (maxBytes === undefined) {
      if (!isHeld) this.younger[partition] = Infinity;
      return;
    }
    let start = 0;
    let bytes = 0;
    for (const [index, row] of rows.entries()) {
      const rowBytes = lineBytes(batch, row);
      if (index > start && bytes + rowBytes > maxBytes) {
        this.send(partition, batch, rows.slice(start, index), bytes, isHeld);
        start = index;
        bytes = 0;
      }
      bytes += rowBytes;
    }
    this.send(partition, batch, rows.slice(start), bytes, isHeld);
    if (!isHeld) this.younger[partition] = this.sequences[partition] ?? 0;
  }

  private send(partition: number, batch: LocationBatch, rows: readonly number[], bytes: number, isHeld: boolean): void {
    const sequence = (this.sequences[partition] ?? 0) + 1;
    const floor = isHeld ? undefined : (this.floors[partition] ?? 0);
    const header = formatNatsMessage({ kind: 'PUB', ...this.dependencies.self, sequence, floor });
    const payload = Buffer.allocUnsafe(header.length + bytes);
    let end = payload.write(header, 0, 'latin1');
    const source = batch.buffer.bytes;
    for (const row of rows) {
      const offset = row * columnsPerRow;
      end += source.copy(payload, end, batch.columns[offset + startColumn], batch.columns[offset + endColumn]);
      payload[end] = LF;
      end += 1;
    }
    this.dependencies.publish(partition, payload);
    this.sequences[partition] = sequence;
    // What it has published as a holder, other holders compare with this server.
    if (isHeld) this.floors[partition] = sequence;
  }

  private isConfirmed(partition: number, sequence: number): boolean {
    const { holds, completeHolders } = this.dependencies;
    // The store has adopted the reports in a partition that it holds now.
    if (holds(partition)) return true;
    const holders = completeHolders(partition);
    return holders.length > 0 && holders.every((holder) => this.confirmedBy(holder, partition) >= sequence);
  }

  private raiseFloor(partition: number): void {
    const holders = this.dependencies.completeHolders(partition);
    if (holders.length === 0) return;
    const least = Math.min(...holders.map((holder) => this.confirmedBy(holder, partition)));
    this.floors[partition] = Math.max(this.floors[partition] ?? 0, least);
  }

  private confirmedBy(holder: ServerId, partition: number): number {
    return this.confirmed.get(holder)?.sequences[partition] ?? 0;
  }
}

function lineBytes(batch: LocationBatch, row: number): number {
  const offset = row * columnsPerRow;
  return (batch.columns[offset + endColumn] ?? 0) - (batch.columns[offset + startColumn] ?? 0) + 1;
}
