import type {
  CompareMessage,
  DigestMessage,
  NatsMessage as Message,
  PartitionSignal,
  Sender,
} from '../../../protocol/nats/messages.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { LocationBatch } from '../../../protocol/place/location-batch.js';
import { allPartitions } from '../../../protocol/place/partition-set.js';
import { addresses } from '../../addresses.js';
import type { Bus } from '../../bus/bus.js';
import type { Clock } from '../../ports/clock.js';
import type { Random } from '../../ports/random.js';
import type { PartitionStoreResponse } from '../../store/partition-messages.js';
import { viaNats } from '../messages.js';
import { responseTimeoutMs, type HeldPartitions } from './held-partitions.js';
import type { Members } from './members.js';
import { Pulls, type Pull } from './pulls.js';
import type { ReceivedPublications } from './received-publications.js';

/** Maximum bytes of the locations in a page. */
const maxPageBytes = 262_144;

/** Hash of an empty partition. */
const emptyHash = '0';

/** A page of locations that was received. */
export interface ReceivedPage {
  readonly server: ServerId;
  readonly partition: number;
  readonly isLast: boolean;
  readonly batch: LocationBatch;
  readonly bytes: number;
}

/** What the exchange needs. */
export interface PartitionExchangeDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Sender;
  readonly members: Members;
  readonly held: HeldPartitions;
  readonly received: ReceivedPublications;
  /** Sends a message to another server, with locations behind it. */
  readonly send: (server: ServerId, message: Message, batch?: LocationBatch) => void;
  /** A missing publication of a partition was repaired. */
  readonly repaired: (partition: number) => void;
  /** Returns the bytes of locations that fit into a message. */
  readonly maxBytes: () => number;
}

/** Compares partitions with other servers that hold them, and pulls the locations in which they differ. */
export class PartitionExchange {
  private readonly pulls = new Pulls((pull) => this.startPull(pull));

  constructor(private readonly dependencies: PartitionExchangeDependencies) {}

  /** Sends the hashes of partitions to another server. */
  compare(to: ServerId, partitions: readonly number[], purpose: 'ask' | 'sync' | 'handover'): void {
    this.requestHashes(partitions, { kind: 'send', to, purpose });
  }

  /** Compares each complete partition with another complete holder: anti-entropy. */
  compareAll(): void {
    const { held, members } = this.dependencies;
    const partitions = new Map<ServerId, number[]>();
    for (const partition of allPartitions) {
      if (!held.complete.has(partition)) continue;
      const other = this.pick(members.completeHolders(partition));
      if (other !== undefined) partitions.set(other, [...(partitions.get(other) ?? []), partition]);
    }
    for (const [server, list] of partitions) this.compare(server, list, 'sync');
  }

  /** Has a missing publication repaired: by the publisher, or by comparing with a holder. */
  repair(server: ServerId, partition: number, from: 'holder' | 'publisher'): void {
    const { members, self } = this.dependencies;
    const isMember = members.runOf(server) !== undefined;
    if (isMember && from === 'publisher' && !members.holds(server, partition)) {
      return this.dependencies.send(server, { kind: 'MISSED', ...self, partition });
    }
    const source =
      isMember && members.holds(server, partition) ? server : this.pick(members.completeHolders(partition));
    if (source === undefined) return;
    this.pull(partition, source, 'gap', server);
  }

  /** Drops pulls without progress. */
  expire(): void {
    const { members, clock } = this.dependencies;
    const nowMs = clock.monotonicMs();
    this.pulls.expire(nowMs, nowMs - responseTimeoutMs, (server) => members.runOf(server) === undefined);
  }

  /** The session has ended. */
  clear(): void {
    this.pulls.clear();
  }

  receiveDigest({ server, purpose, hashes }: DigestMessage): void {
    const theirs = hashes.filter(([partition]) => this.dependencies.held.held.has(partition));
    const partitions = theirs.map(([partition]) => partition);
    if (partitions.length > 0) this.requestHashes(partitions, { kind: 'compare', from: server, purpose, theirs });
  }

  receiveCompare({ server, partition, leafHashes, horizon }: CompareMessage): void {
    const maxBytes = this.maxPage();
    const { bus } = this.dependencies;
    bus.send(addresses.partitionStore, { kind: 'pull', by: server, partition, leafHashes, horizon, maxBytes });
  }

  receiveSignal({ kind, server, partition }: PartitionSignal & { readonly kind: 'NEXT' | 'PULLED' }): void {
    const { bus, held, members } = this.dependencies;
    if (kind === 'NEXT') {
      const maxBytes = this.maxPage();
      return bus.send(addresses.partitionStore, { kind: 'pull-next', by: server, partition, maxBytes });
    }
    if (members.isComplete(server, partition)) held.handedOver(partition, server);
  }

  receivePage({ server, partition, isLast, batch, bytes }: ReceivedPage): void {
    const { bus, clock, held, self } = this.dependencies;
    if (!held.held.has(partition)) return;
    const nowMs = clock.monotonicMs();
    const { count: locations } = batch;
    if (locations > 0) {
      bus.publish({ kind: 'partition-page', partition, from: server, locations, bytes });
      bus.send(addresses.store, { kind: 'learned', batch, from: viaNats });
    }
    // A page of a pull that has expired is as good.
    const pull = this.pulls.find(partition, server);
    if (pull === undefined) return;
    pull.activeMs = nowMs;
    held.touch(partition, server, nowMs);
    if (!isLast) return this.dependencies.send(server, { kind: 'NEXT', ...self, partition });
    this.pulls.finish(pull, nowMs);
    this.finishPull(pull);
  }

  receiveHashes({ hashes, request }: Extract<PartitionStoreResponse, { kind: 'partition-hashes' }>): void {
    const { held, send, self, clock } = this.dependencies;
    switch (request.kind) {
      case 'send':
        return send(request.to, { kind: 'DIGEST', ...self, purpose: request.purpose, hashes });
      case 'restored':
        for (const [partition, hash] of hashes) {
          if (hash !== emptyHash) held.keepRestored(partition, clock.monotonicMs());
        }
        return;
      case 'compare': {
        const { from, purpose } = request;
        const theirs = new Map(request.theirs);
        for (const [partition, hash] of hashes) {
          const other = theirs.get(partition) ?? emptyHash;
          this.handleComparison(partition, from, purpose, other === hash || other === emptyHash);
        }
        if (purpose === 'ask' || purpose === 'sync') send(from, { kind: 'DIGEST', ...self, purpose: 'answer', hashes });
        return;
      }
      default:
        request satisfies never;
    }
  }

  receiveLeafHashes(response: Extract<PartitionStoreResponse, { kind: 'leaf-hashes' }>): void {
    const { partition, from, leafHashes, horizon } = response;
    if (this.pulls.find(partition, from) === undefined) return;
    const { send, self } = this.dependencies;
    send(from, { kind: 'COMPARE', ...self, partition, leafHashes, horizon });
  }

  receivePullPage(response: Extract<PartitionStoreResponse, { kind: 'pull-page' }>): void {
    const { by, partition, isLast, batch } = response;
    this.dependencies.send(by, { kind: 'PAGE', ...this.dependencies.self, partition, isLast }, batch);
  }

  /** @param hasAll whether this server has everything that the other one has */
  private handleComparison(
    partition: number,
    from: ServerId,
    purpose: DigestMessage['purpose'],
    hasAll: boolean,
  ): void {
    // The server that asks pulls first; it asks once more when it has all that there was.
    if (purpose === 'ask') return;
    if (!hasAll) return this.pull(partition, from, purpose);
    if (purpose !== 'sync') this.pulled(partition, from, purpose);
  }

  private pull(partition: number, from: ServerId, purpose: Pull['purpose'], publisher = from): void {
    const activeMs = this.dependencies.clock.monotonicMs();
    this.pulls.add({ partition, from, purpose, publisher, activeMs });
  }

  private startPull({ partition, from }: Pull): void {
    this.dependencies.bus.send(addresses.partitionStore, { kind: 'hash-leaves', partition, from });
  }

  private finishPull({ partition, from, purpose, publisher }: Pull): void {
    if (purpose === 'gap') {
      this.dependencies.received.repair(publisher, partition);
      return this.dependencies.repaired(partition);
    }
    this.pulled(partition, from, purpose);
  }

  /** This server now has everything that the other one had. */
  private pulled(partition: number, from: ServerId, purpose: Pull['purpose']): void {
    const { held, send, self } = this.dependencies;
    if (purpose === 'handover') send(from, { kind: 'PULLED', ...self, partition });
    else if (purpose === 'answer') held.synchronized(partition, from);
  }

  private requestHashes(
    partitions: readonly number[],
    request: Extract<PartitionStoreResponse, { kind: 'partition-hashes' }>['request'],
  ): void {
    this.dependencies.bus.send(addresses.partitionStore, { kind: 'hash-partitions', partitions, request });
  }

  private maxPage(): number {
    return Math.min(maxPageBytes, this.dependencies.maxBytes());
  }

  private pick(servers: readonly ServerId[]): ServerId | undefined {
    return servers[Math.floor(this.dependencies.random.next() * servers.length)];
  }
}
