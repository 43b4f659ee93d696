import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import { BucketShard, type ShardDependencies, type ShardTrouble } from './bucket-shard.js';
import type { BucketSession } from '../../ports/location-bucket.js';

/** Shards that are named in one reason; of the others it says how many there are. */
const namedMax = 3;

/** Whom the shards of a bucket tell how they fare. */
export interface ShardsDependencies extends Omit<ShardDependencies, 'onTrouble'> {
  /** One takes writes no more, still does not, or does again. */
  readonly onChange: () => void;
}

/**
 * The shards of a bucket, and what has yet to be written into each: one that takes no writes holds up nobody who waits for another. A
 * bucket that is not split, or not known yet, is one shard.
 */
export class BucketShards {
  private shards: readonly BucketShard[];
  private readonly edges: ShardDependencies;
  /** What those have told of that take no writes. */
  private readonly troubles = new Map<BucketShard, ShardTrouble>();
  private indexOf: (client: ClientId) => number = () => 0;

  /** @param waitingMax locations that wait for their turn at once, whatever the shard */
  constructor(
    { onChange, ...edges }: ShardsDependencies,
    private readonly keyOf: (client: ClientId) => string,
    private readonly waitingMax: number,
  ) {
    this.edges = {
      ...edges,
      onTrouble: (shard, trouble) => {
        const known = this.troubles.get(shard);
        if (trouble === undefined) this.troubles.delete(shard);
        else this.troubles.set(shard, trouble);
        // That one is tried in vain again is no news; the first tells of it for all, so that people see when the next attempt is.
        const [first] = this.troubles.keys();
        if (known?.reason !== trouble?.reason || shard === first) onChange();
      },
    };
    this.shards = [new BucketShard('', this.edges)];
  }

  /** The bucket is open: what waits, waits for the shard that its session names. */
  splitAs(session: BucketSession): void {
    const { shards: names } = session;
    this.indexOf = names.length === 1 ? () => 0 : (client) => session.shardOf(this.keyOf(client));
    if (names.join() === this.shards.map(({ name }) => name).join()) return;
    const waiting = this.takeAll(this.shards);
    this.end();
    this.shards = names.map((name) => new BucketShard(name, this.edges));
    for (const location of waiting) this.of(location.client).writes.add(location);
  }

  /** The shard that has a client. */
  of(client: ClientId): BucketShard {
    const shard = this.shards[this.indexOf(client)];
    if (shard === undefined) throw new Error(`the bucket has no shard of number ${this.indexOf(client)}`);
    return shard;
  }

  /** How many clients there are of whom something has yet to be written. */
  get waiting(): number {
    return waitingIn(this.shards);
  }

  /** How many of them wait for a shard that is not known to take no writes. */
  get moving(): number {
    return waitingIn(this.shards.filter((shard) => !this.troubles.has(shard)));
  }

  /** How many more may wait before one is given up, at least. */
  get room(): number {
    return this.waitingMax - this.waiting;
  }

  private get queued(): number {
    let queued = 0;
    for (const { writes } of this.shards) queued += writes.queued;
    return queued;
  }

  /** Those that take writes. */
  get taking(): readonly BucketShard[] {
    return this.shards.filter(({ isTaking }) => isTaking);
  }

  /** Has a location written. Returns the one that is given up for it, if there is one: of those for whom most wait, the one that has waited longest. */
  add(location: Location): Location | undefined {
    this.of(location.client).writes.add(location);
    if (this.queued <= this.waitingMax) return undefined;
    const longest = this.shards.reduce((most, each) => (each.writes.queued > most.writes.queued ? each : most));
    return longest.writes.dropOldest();
  }

  /** The bucket is there, and everything in it known. */
  begin(): void {
    for (const shard of this.shards) shard.begin();
  }

  /** The bucket is gone. */
  end(): void {
    for (const shard of this.shards) shard.end();
    this.troubles.clear();
  }

  /** Everything that waits for these shards or is on its way to them, which waits no more. */
  takeAll(shards: readonly BucketShard[]): Location[] {
    return shards.flatMap(({ writes }) => writes.takeAll());
  }

  /** Why some take no writes, and when the next of them is tried again; undefined if all do. */
  get trouble(): ShardTrouble | undefined {
    const troubled = this.shards.flatMap((shard) => {
      const trouble = this.troubles.get(shard);
      return trouble === undefined ? [] : { shard: shard.name, ...trouble };
    });
    const [only] = troubled;
    if (only === undefined || this.shards.length === 1) return only;
    return { reason: reasonOf(troubled), retryInMs: Math.min(...troubled.map(({ retryInMs }) => retryInMs)) };
  }
}

function waitingIn(shards: readonly BucketShard[]): number {
  let waiting = 0;
  for (const { writes } of shards) waiting += writes.size;
  return waiting;
}

function reasonOf(troubled: readonly (ShardTrouble & { readonly shard: string })[]): string {
  const named = troubled.slice(0, namedMax).map(({ shard, reason }) => `shard ${shard}: ${reason}`);
  const rest = troubled.length - named.length;
  return [...named, ...(rest === 0 ? [] : [`and ${rest} more`])].join('; ');
}
