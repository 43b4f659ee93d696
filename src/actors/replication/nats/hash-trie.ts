import { encodeToScratch } from '../../../protocol/text/latin1.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import { keyedHash, type HashKey } from '../../../protocol/text/keyed-hash.js';

/** Maximum entries in a leaf before it is split. A page may exceed its maximum by as many. */
export const maxLeafEntries = 64;

/** Bits of the hash that choose a child of a branch. */
const branchBits = 2;
const childCount = 2 ** branchBits;

type Leaf<Value> = Map<ClientId, Value>;
type Child<Value> = Leaf<Value> | Branch<Value> | undefined;

class Branch<Value> {
  readonly children: Child<Value>[] = new Array<Child<Value>>(childCount).fill(undefined);
}

/**
 * Map of clients that can be iterated in the order of a keyed hash of their IDs, from any hash: a radix tree over the hash, with maps
 * of at most `maxLeafEntries` entries as leaves (more only if all 32 bits are equal). The position of an entry does not change when
 * others are added and removed.
 */
export class HashTrie<Value> {
  private readonly root = new Branch<Value>();
  private count = 0;

  constructor(private readonly key: HashKey) {}

  get size(): number {
    return this.count;
  }

  get(client: ClientId): Value | undefined {
    const hash = this.hashOf(client);
    let child: Child<Value> = this.root;
    for (let shift = 32 - branchBits; child instanceof Branch; shift -= branchBits) {
      child = child.children[indexIn(hash, shift)];
    }
    return child?.get(client);
  }

  set(client: ClientId, value: Value): void {
    const hash = this.hashOf(client);
    let branch = this.root;
    let shift = 32 - branchBits;
    let child = branch.children[indexIn(hash, shift)];
    while (child instanceof Branch) {
      branch = child;
      shift -= branchBits;
      child = branch.children[indexIn(hash, shift)];
    }
    const leaf: Leaf<Value> = child ?? new Map<ClientId, Value>();
    const before = leaf.size;
    leaf.set(client, value);
    this.count += leaf.size - before;
    const isFull = leaf.size > maxLeafEntries && shift >= branchBits;
    branch.children[indexIn(hash, shift)] = isFull ? this.split(leaf, shift - branchBits) : leaf;
  }

  /** Deletes an entry; returns whether it existed. */
  delete(client: ClientId): boolean {
    const isDeleted = deleteIn(this.root, this.hashOf(client), 32 - branchBits, client);
    if (isDeleted) this.count -= 1;
    return isDeleted;
  }

  /**
   * Adds entries to a list in the order of their hashes, from a hash on, until it has `max` or up to `maxLeafEntries` more. Leaves are
   * added whole: they are only ever split, so a returned hash never falls within an earlier leaf.
   * @returns the hash from which to continue; undefined if there are no more entries
   */
  collect(fromHash: number, max: number, into: Value[]): number | undefined {
    return this.collectIn(this.root, 0, 32 - branchBits, { from: fromHash, max, into });
  }

  private collectIn(
    branch: Branch<Value>,
    start: number,
    shift: number,
    page: { readonly from: number; readonly max: number; readonly into: Value[] },
  ): number | undefined {
    const span = 2 ** shift;
    for (let index = 0; index < childCount; index += 1) {
      const first = start + index * span;
      const child = branch.children[index];
      if (child === undefined || first + span <= page.from) continue;
      if (page.into.length >= page.max) return first;
      if (child instanceof Branch) {
        const next = this.collectIn(child, first, shift - branchBits, page);
        if (next !== undefined) return next;
      } else for (const value of child.values()) page.into.push(value);
    }
    return undefined;
  }

  private split(leaf: Leaf<Value>, shift: number): Branch<Value> {
    const branch = new Branch<Value>();
    for (const [client, value] of leaf) {
      const index = indexIn(this.hashOf(client), shift);
      const child = branch.children[index];
      if (child instanceof Map) child.set(client, value);
      else branch.children[index] = new Map([[client, value]]);
    }
    return branch;
  }

  private hashOf(client: ClientId): number {
    return hashOf(client, this.key);
  }
}

function hashOf(client: ClientId, key: HashKey): number {
  return keyedHash(encodeToScratch(client).view, 0, client.length, key);
}

function indexIn(hash: number, shift: number): number {
  return (hash >>> shift) & (childCount - 1);
}

/** Removes empty leaves and branches, so that memory does not grow when entries move through the hash range. */
function deleteIn<Value>(branch: Branch<Value>, hash: number, shift: number, client: ClientId): boolean {
  const index = indexIn(hash, shift);
  const child = branch.children[index];
  if (child === undefined) return false;
  if (child instanceof Branch) {
    const isDeleted = deleteIn(child, hash, shift - branchBits, client);
    if (isDeleted && child.children.every((entry) => entry === undefined)) branch.children[index] = undefined;
    return isDeleted;
  }
  const isDeleted = child.delete(client);
  if (child.size === 0) branch.children[index] = undefined;
  return isDeleted;
}
