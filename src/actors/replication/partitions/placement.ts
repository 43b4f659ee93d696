import { partitionCount } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { hashLow } from '../../../protocol/text/hash.js';
import { encodeToScratch } from '../../../protocol/text/latin1.js';

/**
 * The servers that are to hold each partition: those with the highest weights for it (rendezvous hashing: D. Thaler and
 * C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998). All servers that know the same members compute the same
 * holders, and a member that joins or leaves moves only the partitions that it holds.
 */
export class Placement {
  private readonly weights = new Map<ServerId, Uint32Array>();
  private holdersByPartition: readonly (readonly ServerId[])[] = [];

  /** @param replicas servers that hold each partition; Infinity for all members */
  constructor(
    private readonly replicas: number,
    members: Iterable<ServerId> = [],
  ) {
    this.update(members);
  }

  /** Computes the holders among these members; returns whether they are others than before. */
  update(members: Iterable<ServerId>): boolean {
    // In an order that does not depend on that of the members, for those of equal weight.
    const sorted = [...new Set(members)].sort();
    if (sorted.length === this.weights.size && sorted.every((member) => this.weights.has(member))) return false;
    for (const known of this.weights.keys()) if (!sorted.includes(known)) this.weights.delete(known);
    for (const member of sorted) if (!this.weights.has(member)) this.weights.set(member, weightsOf(member));
    this.holdersByPartition = Array.from({ length: partitionCount }, (_, partition) => this.select(sorted, partition));
    return true;
  }

  /** Returns the servers that are to hold a partition, the one with the highest weight first. */
  holders(partition: number): readonly ServerId[] {
    return this.holdersByPartition[partition] ?? [];
  }

  private select(members: readonly ServerId[], partition: number): readonly ServerId[] {
    const weight = (member: ServerId): number => this.weights.get(member)?.[partition] ?? 0;
    return [...members].sort((one, other) => weight(other) - weight(one)).slice(0, this.replicas);
  }
}

function weightsOf(member: ServerId): Uint32Array {
  return Uint32Array.from({ length: partitionCount }, (_, partition) => {
    const text = `${partition} ${member}`;
    return hashLow(encodeToScratch(text).view, 0, text.length) >>> 0;
  });
}
