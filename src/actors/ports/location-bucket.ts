import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId } from '../../protocol/place/ids.js';

/** An entry of a bucket. */
export interface BucketEntry {
  readonly key: string;
  /** Undefined if it was deleted. */
  readonly value: ByteString | undefined;
  /** Grows with every change of the key, and is never given twice to the same one. 1 or more. */
  readonly revision: number;
}

/** Outcome of a write. */
export type PutOutcome =
  | { readonly kind: 'stored'; readonly revision: number }
  /** Something else stands there than at the revision that was given. */
  | { readonly kind: 'conflict' }
  /** The bucket will never take this value. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It may go better another time. The value may even be stored: the bucket has not said. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Outcome of a read. */
export type GetOutcome =
  /** `entry` is undefined where nothing ever stood there. */
  | { readonly kind: 'read'; readonly entry: BucketEntry | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** One connection to a bucket. */
export interface BucketSession {
  /**
   * The names of the shards that the bucket is split into, each of which takes writes, or does not, whatever the others do: one where it
   * is not split. Known once the session is opened, and the same until it is over.
   */
  readonly shards: readonly string[];
  /** Which of the shards has a key, counted from 0. Once the session is opened. */
  shardOf(key: string): number;
  /**
   * Writes a value, if the key is at the revision given; 0: if nothing stands there. Never rejects; once the session is
   * over, every write that is under way has failed. It limits nothing: the caller does.
   */
  put(key: string, value: ByteString, revision: number): Promise<PutOutcome>;
  /** Asks what stands under a key. It may be out of date, and a write with its revision then conflicts. Never rejects. */
  get(key: string): Promise<GetOutcome>;
  /** Ends the session once what was written before is stored, or has not been for too long. Nothing is reported any more. */
  close(): void;
}

/** What a session reports. Never during the call that opened it; nothing follows `closed`. */
export interface BucketListener {
  /** The bucket is there, and what was asked for will be told. */
  opened(session: BucketSession): void;
  /** Something about the bucket that people should hear of, and that stops nothing. After `opened`. */
  warned(session: BucketSession, reason: string): void;
  /** Entries of the bucket, or changes of it: those of a key in the order of their revisions; the last of each that there is in time. */
  changed(session: BucketSession, entries: readonly BucketEntry[]): void;
  /**
   * Everything that was asked for has been told. From now on it is changes: each one that a `get` put after this does not
   * know of yet.
   */
  loaded(session: BucketSession): void;
  /**
   * The session is over: it could not be opened, the connection was lost, the bucket went silent, or it is not the one that
   * was opened, because somebody has deleted it and made it anew.
   */
  closed(session: BucketSession, reason: string): void;
}

/** What a session reports: all entries and then changes, or changes only. */
export type BucketExtent = 'everything' | 'changes';

/** A bucket of last locations that all servers of a herd share: a map of keys to values, each with a revision. */
export interface LocationBucket {
  /** The key of a client: any two clients have different ones. */
  keyOf(client: ClientId): string;
  /** Connects to the bucket, and makes it if there is none. What comes to nothing is reported as `closed`. */
  open(listener: BucketListener, extent: BucketExtent): BucketSession;
  /** Resolves when every session opened so far is over, and what was written before it was closed is stored, or has failed. */
  over(): Promise<void>;
}

/**
 * Which clients a server stores that replicates through a bucket: all of them, or only those that were reported, requested or
 * watched there; others are read from the bucket on demand.
 */
export type Hold = 'all' | 'touched';
