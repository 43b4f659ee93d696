import { createActor, type Actor as Machine } from 'xstate';
import { BucketWrites } from './bucket-writes.js';
import type { Bus } from '../../bus/bus.js';
import type { Clock } from '../../ports/clock.js';
import { addresses } from '../../addresses.js';
import type { Random } from '../../ports/random.js';
import { shardMachine, type ShardActions } from './shard-machine.js';

/** Locations on their way into a shard at once: enough that none waits for the way there and back of the one before. */
const flyingMax = 256;

/** What a shard needs, and whom it tells how it fares. */
export interface ShardDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** It takes writes, from now on or again. */
  readonly onTaking: (shard: BucketShard) => void;
  /** It did not take what was written, or, if undefined, does again. */
  readonly onTrouble: (shard: BucketShard, trouble: ShardTrouble | undefined) => void;
}

/** Why a shard takes no writes. */
export interface ShardTrouble {
  readonly reason: string;
  /** Milliseconds from when that was noticed to the next attempt. */
  readonly retryInMs: number;
}

/** A part of a bucket that takes writes, or does not, whatever the others do: what has yet to be written into it, and how it fares. */
export class BucketShard {
  readonly writes = new BucketWrites(flyingMax);
  private readonly life: Machine<typeof shardMachine>;

  /** @param name what people know it by */
  constructor(
    readonly name: string,
    { bus, clock, random, onTaking, onTrouble }: ShardDependencies,
  ) {
    const actions: ShardActions = {
      write: () => {
        onTaking(this);
        // What it did not take may have been given up meanwhile.
        if (this.writes.size === 0) this.noteStored();
      },
      tellTrouble: ({ reason, retryInMs }) => onTrouble(this, { reason, retryInMs }),
      tellRecovery: () => onTrouble(this, undefined),
    };
    this.life = createActor(shardMachine, { clock, input: { random, actions } });
    this.life.subscribe({ error: (error) => bus.send(addresses.bucketSpread, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  /** Whether something may be written into it now. */
  get isTaking(): boolean {
    return this.life.getSnapshot().hasTag('writing');
  }

  /** The bucket is there. */
  begin(): void {
    this.life.send({ type: 'UP' });
  }

  /** The bucket is gone: what was on its way waits again. */
  end(): void {
    this.life.send({ type: 'DOWN' });
    this.writes.putAllBack();
  }

  /** It took something, or nothing waits for it any more. */
  noteStored(): void {
    // Most writes are stored: the machine hears only of one that changes something.
    if (this.life.getSnapshot().hasTag('troubled')) this.life.send({ type: 'STORED' });
  }

  /** It did not take something, which waits. */
  noteBlocked(reason: string): void {
    this.life.send({ type: 'BLOCKED', reason });
  }
}
