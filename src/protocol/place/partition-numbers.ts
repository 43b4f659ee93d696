import { groupCount, groupOf, partitionsPerGroup } from './digest.js';

/** A number for each partition of the digest, 0 at first. Memory is allocated for groups with other numbers only. */
export class PartitionNumbers {
  private readonly groups: (Int32Array | undefined)[] = Array.from({ length: groupCount }, () => undefined);

  get(partition: number): number {
    return this.groups[groupOf(partition)]?.[partition % partitionsPerGroup] ?? 0;
  }

  set(partition: number, value: number): void {
    const group = (this.groups[groupOf(partition)] ??= new Int32Array(partitionsPerGroup));
    group[partition % partitionsPerGroup] = value;
  }

  /** Sets all numbers to 0. */
  clear(): void {
    this.groups.fill(undefined);
  }
}
