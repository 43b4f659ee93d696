import { partitionCount } from './digest.js';

/** A set of partitions. */
export class PartitionSet {
  private readonly bits = new Uint8Array(partitionCount / 8);
  private count = 0;

  /** Decodes a set from base64url; undefined if the text is not valid. */
  static decode(text: string): PartitionSet | undefined {
    const bytes = Buffer.from(text, 'base64url');
    const set = new PartitionSet();
    if (bytes.length !== set.bits.length || bytes.toString('base64url') !== text) return undefined;
    set.bits.set(bytes);
    for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) set.count += 1;
    return set;
  }

  /** The number of partitions in the set. */
  get size(): number {
    return this.count;
  }

  has(partition: number): boolean {
    return ((this.bits[partition >> 3] ?? 0) & (1 << (partition & 7))) !== 0;
  }

  /** Adds or removes a partition; returns whether that changed the set. */
  set(partition: number, isIncluded: boolean): boolean {
    if (this.has(partition) === isIncluded) return false;
    this.bits[partition >> 3] = (this.bits[partition >> 3] ?? 0) ^ (1 << (partition & 7));
    this.count += isIncluded ? 1 : -1;
    return true;
  }

  clear(): void {
    this.bits.fill(0);
    this.count = 0;
  }

  /** Encodes the set in base64url. */
  encode(): string {
    return Buffer.from(this.bits).toString('base64url');
  }
}

/** All partitions. */
export const allPartitions: readonly number[] = Array.from({ length: partitionCount }, (_, partition) => partition);
