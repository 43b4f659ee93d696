import type { Address, Bus } from './bus.js';
import type { BucketEntry, BucketListener, BucketSession } from './location-bucket.js';
import type { BucketMessage } from './messages.js';

/** Sends what the session of a bucket reports to the actor that owns it. */
export class BucketMailbox implements BucketListener {
  constructor(
    private readonly bus: Bus,
    private readonly owner: Address<BucketMessage>,
  ) {}

  opened(session: BucketSession): void {
    this.bus.send(this.owner, { kind: 'bucket-opened', session });
  }

  changed(session: BucketSession, entries: readonly BucketEntry[]): void {
    this.bus.send(this.owner, { kind: 'bucket-changed', session, entries });
  }

  loaded(session: BucketSession): void {
    this.bus.send(this.owner, { kind: 'bucket-loaded', session });
  }

  closed(session: BucketSession, reason: string): void {
    this.bus.send(this.owner, { kind: 'bucket-closed', session, reason });
  }
}
