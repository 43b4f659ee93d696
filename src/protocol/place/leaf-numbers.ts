import { partitionCount, partitionOfLeaf, leavesPerPartition } from './digest.js';

/** A number for each leaf of the digest, 0 at first. Memory is allocated for partitions with other numbers only. */
export class LeafNumbers {
  private readonly partitions: (Int32Array | undefined)[] = Array.from({ length: partitionCount }, () => undefined);

  get(leaf: number): number {
    return this.partitions[partitionOfLeaf(leaf)]?.[leaf % leavesPerPartition] ?? 0;
  }

  set(leaf: number, value: number): void {
    const partition = (this.partitions[partitionOfLeaf(leaf)] ??= new Int32Array(leavesPerPartition));
    partition[leaf % leavesPerPartition] = value;
  }

  /** Sets all numbers to 0. */
  clear(): void {
    this.partitions.fill(undefined);
  }
}
