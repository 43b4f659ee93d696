import { defaultLimits } from '../../src/actors/ports/limits.js';
import { addresses } from '../../src/actors/addresses.js';
import { address } from '../../src/actors/bus/bus.js';
import type { HerdEvent } from '../../src/actors/bus/events.js';
import type { ResponseMessage } from '../../src/actors/bus/requests.js';
import { SubscriptionRegistry } from '../../src/actors/client/subscription-registry.js';
import type { ConnectionMessage } from '../../src/actors/client/messages.js';
import { NatsReplication } from '../../src/actors/replication/partitions/nats-replication.js';
import { PartitionLookup } from '../../src/actors/replication/partitions/partition-lookup.js';
import { LocationStore } from '../../src/actors/store/location-store.js';
import { asClientId, type ServerId } from '../../src/protocol/place/ids.js';
import { LocationBatch } from '../../src/protocol/place/location-batch.js';
import type { Location } from '../../src/protocol/place/location.js';
import { BufferOverwriter } from '../../src/runtime/bus/buffer-overwriter.js';
import { MessageBus } from '../../src/runtime/bus/message-bus.js';
import { SeededRandom } from '../../src/simulation/time/seeded-random.js';
import { VirtualClock } from '../../src/simulation/time/virtual-clock.js';
import { FakeBroker } from './fake-broker.js';

export const heartbeatMs = 100;

const client = address<ResponseMessage | ConnectionMessage>('test-client');

/** One member of a herd on a fake broker: the actors of replication, with the store. */
export class Member {
  readonly bus = new MessageBus(
    (error) => {
      throw error;
    },
    new BufferOverwriter(),
    () => this.herd.clock.monotonicMs(),
  );
  readonly events: HerdEvent[] = [];
  readonly responses: (ResponseMessage | ConnectionMessage)[] = [];
  /** The state of each partition. */
  readonly states = new Map<number, string>();
  private lastRequest = 0;

  constructor(
    private readonly herd: HerdOnNats,
    readonly name: string,
    restored: readonly Location[] = [],
  ) {
    const { bus } = this;
    const { clock, broker, replicas } = herd;
    const random = new SeededRandom(name);
    for (const kind of ['nats', 'members', 'partitions', 'partition-page', 'warning', 'remote-lookup'] as const) {
      bus.on(kind, (event: HerdEvent) => this.events.push(event));
    }
    bus.on('partition', ({ partition, state }) => this.states.set(partition, state));
    const replicators = [addresses.nats];
    bus.attach(addresses.store, new LocationStore(bus, clock, random, defaultLimits, replicators, 'some'));
    bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of(restored) });
    bus.attach(addresses.lookup, new PartitionLookup(bus, clock, 250));
    bus.attach(
      addresses.subscriptions,
      new SubscriptionRegistry(bus, defaultLimits, { allClientsSubscribers: 0 }, true),
    );
    bus.attach(client, { receive: (message) => void this.responses.push(message), stop: () => undefined });
    const server = name as ServerId;
    const turn = { schedule: (work: { flush(): void }) => void clock.setTimeout(() => work.flush(), 0) };
    const nats = new NatsReplication(
      bus,
      { clock, random, pubSub: broker.connect(name), turn },
      {
        server,
        subjectName: 'test',
        replicas,
        linkTimings: { heartbeatMs, antiEntropyMs: 1_000 },
        limits: defaultLimits,
      },
    );
    bus.attach(addresses.nats, nats);
    this.stopReplication = () => nats.stop();
  }

  private readonly stopReplication: () => void;

  /** Locations are reported here. */
  report(...locations: readonly Location[]): void {
    this.bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of(locations) });
  }

  /** Asks for a client; the response follows. */
  whereIs(id: string): () => string | undefined {
    const requestId = (this.lastRequest += 1);
    const message = { kind: 'whereis', client: asClientId(id), replyTo: client, remoteHost: '', requestId } as const;
    this.bus.send(addresses.store, message);
    return () => {
      for (const response of this.responses) {
        if (response.kind === 'located' && response.requestId === requestId)
          return response.location?.line ?? 'unknown';
      }
      return undefined;
    };
  }

  watch(id: string): void {
    const requestId = (this.lastRequest += 1);
    this.bus.send(addresses.store, { kind: 'subscribe', client: asClientId(id), replyTo: client, requestId });
  }

  /** Lines that were sent for subscriptions. */
  get changes(): string[] {
    return this.responses.flatMap((response) =>
      response.kind === 'changed' ? response.locations.map(({ line }) => line) : [],
    );
  }

  count(state: string): number {
    return [...this.states.values()].filter((each) => each === state).length;
  }

  leave(): void {
    this.bus.send(addresses.nats, { kind: 'leave' });
  }

  /** Ends without a word. */
  crash(): void {
    this.herd.members.delete(this.name);
    const { broker } = this.herd;
    for (const session of [...broker.sessions]) if (session.name === this.name) session.vanish();
  }

  stop(): void {
    this.herd.members.delete(this.name);
    this.stopReplication();
  }
}

/** Members of a herd in virtual time. */
export class HerdOnNats {
  readonly clock = new VirtualClock();
  readonly broker = new FakeBroker(this.clock);
  readonly members = new Map<string, Member>();

  constructor(readonly replicas: number) {}

  start(name: string, restored: readonly Location[] = []): Member {
    const member = new Member(this, name, restored);
    this.members.set(name, member);
    return member;
  }

  /** Lets heartbeat intervals pass. */
  pass(heartbeats: number): void {
    this.clock.advance(heartbeats * heartbeatMs);
  }

  /** The members by name whose state of a partition it is. */
  holders(partition: number, state: string): string[] {
    return [...this.members.values()]
      .filter(({ states }) => states.get(partition) === state)
      .map(({ name }) => name)
      .sort();
  }
}
