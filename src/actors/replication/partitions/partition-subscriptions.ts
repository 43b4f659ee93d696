import { allClients } from '../../../protocol/client/command.js';
import { leafOf, partitionCount, partitionOfLeaf } from '../../../protocol/place/digest.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import { allPartitions } from '../../../protocol/place/partition-set.js';
import { holdersQueue, type Subjects } from '../../../protocol/nats/subjects.js';
import type { PubSubSession } from '../../ports/pub-sub.js';

/** What a server subscribes to for a partition. */
interface Subscriptions {
  locations: (() => void) | undefined;
  lookups: (() => void) | undefined;
}

/** The subscriptions of a server to partitions: those that it holds, and those with clients that are watched at this server. */
export class PartitionSubscriptions {
  private session: PubSubSession | undefined;
  private readonly subscriptions: Subscriptions[] = allPartitions.map(() => ({
    locations: undefined,
    lookups: undefined,
  }));
  private readonly watchedClients = new Set<ClientId>();
  private readonly watchedCounts = new Uint32Array(partitionCount);

  /** @param use whether a partition is held here, and whether its lookups are answered here */
  constructor(
    private readonly subjects: Subjects,
    private readonly use: (partition: number) => { readonly isHeld: boolean; readonly answersLookups: boolean },
  ) {}

  /** The clients that are watched, without `allClients`. */
  get watched(): ClientId[] {
    return [...this.watchedClients].filter((client) => client !== allClients);
  }

  /** Begins a session; undefined if it has ended. */
  begin(session: PubSubSession | undefined): void {
    this.session = session;
    for (const subscriptions of this.subscriptions) {
      subscriptions.locations = undefined;
      subscriptions.lookups = undefined;
    }
    for (const partition of allPartitions) this.update(partition);
  }

  watch(client: ClientId): void {
    if (this.watchedClients.has(client)) return;
    this.watchedClients.add(client);
    this.count(client, 1);
  }

  unwatch(client: ClientId): void {
    if (this.watchedClients.delete(client)) this.count(client, -1);
  }

  /** Subscribes and unsubscribes as a partition is used now. */
  update(partition: number): void {
    const { session, subjects } = this;
    const subscriptions = this.subscriptions[partition];
    if (session === undefined || subscriptions === undefined) return;
    const { isHeld, answersLookups } = this.use(partition);
    const wantsLocations = isHeld || (this.watchedCounts[partition] ?? 0) > 0;
    if (wantsLocations) subscriptions.locations ??= session.subscribe(subjects.locations(partition));
    else {
      subscriptions.locations?.();
      subscriptions.locations = undefined;
    }
    if (answersLookups) subscriptions.lookups ??= session.subscribe(subjects.lookup(partition), holdersQueue);
    else {
      subscriptions.lookups?.();
      subscriptions.lookups = undefined;
    }
  }

  private count(client: ClientId, change: 1 | -1): void {
    const partitions = client === allClients ? allPartitions : [partitionOfLeaf(leafOf(client))];
    for (const partition of partitions) {
      this.watchedCounts[partition] = (this.watchedCounts[partition] ?? 0) + change;
      this.update(partition);
    }
  }
}
