import type { Address, Bus } from '../../bus/bus.js';
import type { BucketEntry, BucketListener, BucketSession } from '../../ports/location-bucket.js';
import type { BucketMessage } from './messages.js';

/** Sends what the session of a bucket reports to the actor that owns it. */
export class BucketMailbox implements BucketListener {
  private state: 'open' | 'closed' = 'open';

  constructor(
    private readonly bus: Bus,
    private readonly owner: Address<BucketMessage>,
  ) {}

  /** Its owner is gone: nothing is sent any more. */
  close(): void {
    this.state = 'closed';
  }

  opened(session: BucketSession): void {
    this.send({ kind: 'bucket-opened', session });
  }

  warned(session: BucketSession, reason: string): void {
    this.send({ kind: 'bucket-warned', session, reason });
  }

  changed(session: BucketSession, entries: readonly BucketEntry[]): void {
    this.send({ kind: 'bucket-changed', session, entries });
  }

  loaded(session: BucketSession): void {
    this.send({ kind: 'bucket-loaded', session });
  }

  closed(session: BucketSession, reason: string): void {
    this.send({ kind: 'bucket-closed', session, reason });
  }

  private send(message: BucketMessage): void {
    if (this.state === 'open') this.bus.send(this.owner, message);
  }
}
