import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';

/** What the bucket is known to hold of a client. */
export interface Held {
  /** Undefined: nothing stands there, or it has been deleted. */
  readonly location: Location | undefined;
  /** 0: nothing ever stood there. */
  readonly revision: number;
}

/**
 * What the bucket is known to hold, as far as its watch and the writes of this server have told: with the revision, a write
 * needs no question. Of clients beyond the limit it is forgotten again, and a write then conflicts and asks.
 */
export class BucketContents {
  private readonly held = new Map<ClientId, Held>();
  /** Who has been here longest is forgotten next. */
  private turn = this.held.keys();

  constructor(private readonly maxClients: number) {}

  get(client: ClientId): Held | undefined {
    return this.held.get(client);
  }

  /** Notes what stands there. What is older than what is known is passed over: a write and the watch tell of the same. */
  note(client: ClientId, location: Location | undefined, revision: number): void {
    const known = this.held.get(client);
    if (known !== undefined && known.revision > revision) return;
    this.held.set(client, { location, revision });
    if (known === undefined && this.held.size > this.maxClients) this.makeRoom();
  }

  forget(client: ClientId): void {
    this.held.delete(client);
  }

  clear(): void {
    this.held.clear();
    this.turn = this.held.keys();
  }

  private makeRoom(): void {
    const { done, value } = this.turn.next();
    if (done !== true) this.held.delete(value);
  }
}
