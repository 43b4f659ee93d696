import type { PublicationHeader } from '../../../protocol/nats/messages.js';
import { partitionCount } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';

/** The publications of one run of a server. */
interface Publications {
  readonly run: string;
  /** The publication in each partition up to which all were received, or need not be received; -1 if none was received. */
  readonly last: Float64Array;
  /** The latest publication that was received. */
  readonly latest: Float64Array;
  /** Partitions with publications that are to be confirmed. */
  readonly unconfirmed: Set<number>;
  /** Partitions of which a publication is missing, and whether the publisher holds it. */
  readonly missing: Map<number, 'holder' | 'publisher'>;
}

/** Counts the publications of other servers, so that missing ones are noticed and received ones are confirmed. */
export class ReceivedPublications {
  private readonly publishers = new Map<ServerId, Publications>();
  /** The number of publishers of which a publication is missing, per partition. */
  private readonly missingCounts = new Uint16Array(partitionCount);

  /** Whether a publication in a partition is missing. */
  isMissing(partition: number): boolean {
    return (this.missingCounts[partition] ?? 0) > 0;
  }

  /**
   * Records a publication in a partition.
   * @param isFilling whether the partition will be compared with a complete one later, so that nothing counts as missing
   * @returns whether `isMissing` has changed
   */
  record({ server, run, sequence, floor }: PublicationHeader, partition: number, isFilling: boolean): boolean {
    const wasMissing = this.isMissing(partition);
    let known = this.publishers.get(server);
    if (known?.run !== run) {
      this.forget(server);
      known = {
        run,
        last: new Float64Array(partitionCount).fill(-1),
        latest: new Float64Array(partitionCount),
        unconfirmed: new Set(),
        missing: new Map(),
      };
      this.publishers.set(server, known);
    }
    const { last, latest, missing, unconfirmed } = known;
    const previous = last[partition] ?? -1;
    // What a holder published before, this server has got by comparing partitions, or will. Of another publisher, nobody else may have it.
    const isFirst = previous === -1;
    const isCompared = floor === undefined && (isFilling || isFirst);
    const base = isCompared ? Math.max(previous, sequence - 1) : Math.max(previous, floor ?? previous);
    latest[partition] = Math.max(latest[partition] ?? 0, sequence);
    last[partition] = sequence === base + 1 ? sequence : base;
    if ((last[partition] ?? 0) < (latest[partition] ?? 0)) {
      if (!missing.has(partition)) this.count(partition, 1);
      missing.set(partition, floor === undefined ? 'holder' : 'publisher');
    } else if (missing.delete(partition)) this.count(partition, -1);
    if (floor !== undefined) unconfirmed.add(partition);
    return this.isMissing(partition) !== wasMissing;
  }

  /** Records that what is missing of a publisher in a partition was received in another way. */
  repair(server: ServerId, partition: number): void {
    const known = this.publishers.get(server);
    if (known?.missing.delete(partition) !== true) return;
    this.count(partition, -1);
    known.last[partition] = known.latest[partition] ?? 0;
  }

  /** Returns what is missing, by publisher. */
  *missing(): Generator<{ server: ServerId; partition: number; from: 'holder' | 'publisher' }> {
    for (const [server, { missing }] of this.publishers) {
      for (const [partition, from] of missing) yield { server, partition, from };
    }
  }

  /** Returns what is to be confirmed, by publisher. It counts as confirmed then. */
  *takeUnconfirmed(): Generator<{ server: ServerId; confirmed: [partition: number, sequence: number][] }> {
    for (const [server, { unconfirmed, last }] of this.publishers) {
      if (unconfirmed.size === 0) continue;
      const confirmed = [...unconfirmed].map((partition): [number, number] => [partition, last[partition] ?? 0]);
      unconfirmed.clear();
      yield { server, confirmed };
    }
  }

  /** Forgets a publisher that is gone. */
  forget(server: ServerId): void {
    for (const partition of this.publishers.get(server)?.missing.keys() ?? []) this.count(partition, -1);
    this.publishers.delete(server);
  }

  /** Forgets a partition that is not subscribed to any more. */
  forgetPartition(partition: number): void {
    for (const { last, latest, missing, unconfirmed } of this.publishers.values()) {
      last[partition] = -1;
      latest[partition] = 0;
      missing.delete(partition);
      unconfirmed.delete(partition);
    }
    this.missingCounts[partition] = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.publishers.clear();
    this.missingCounts.fill(0);
  }

  private count(partition: number, change: 1 | -1): void {
    this.missingCounts[partition] = (this.missingCounts[partition] ?? 0) + change;
  }
}
