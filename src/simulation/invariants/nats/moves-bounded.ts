import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { HerdView } from '../../run/herd-view.js';
import type { SimulationEvent } from '../../environment.js';
import type { Invariant, Violation } from '../invariant.js';

/** Ratio of the locations that may be received to those that differed: pages contain the clients of whole leaves. */
const maxRatio = 1.3;

/** Locations that may be received beyond that ratio. */
const allowance = 10;

/** A partition that a server is filling, or has filled while it still fills others. */
interface Fill {
  isRunning: boolean;
  /** Clients of which the server did not have the newest location when it began, or another holder did not. */
  differing: number;
  /** Whether a server held the partition completely then. If none did, those that are to hold it send each other what they have. */
  hasSource: boolean;
  /** Locations received, by sender. */
  readonly received: Map<ServerId, number>;
  /** Reports about the partition's clients while it was filled. */
  reports: number;
}

/**
 * In a herd on NATS, a server that fills partitions receives what differs and little more, also if it has most of it. Without a
 * complete holder that holds for each server that it compares with. The partitions that it fills at the same time count together.
 */
export class MovesBounded implements Invariant {
  readonly name = 'moves-bounded';
  readonly observedKinds = ['partition', 'partition-page', 'learned', 'down'] as const;
  /** By server and partition. */
  private readonly fills = new Map<ServerId, Map<number, Fill>>();
  private readonly clients = new Map<number, Set<ClientId>>();

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    switch (event.kind) {
      case 'learned':
        if (event.from === undefined) this.noteReport(event.location, view);
        return undefined;
      case 'down':
        this.fills.delete(event.server);
        return undefined;
      case 'partition':
        if (event.state === 'filling') this.begin(event.server, event.partition, view);
        else this.end(event.server, event.partition);
        return undefined;
      case 'partition-page':
        return this.addPage(event);
      default:
        return undefined;
    }
  }

  private noteReport({ client }: Location, view: HerdView): void {
    const partition = view.partitionOf(client);
    const clients = this.clients.get(partition);
    if (clients === undefined) this.clients.set(partition, new Set([client]));
    else clients.add(client);
    for (const fills of this.fills.values()) {
      const fill = fills.get(partition);
      if (fill?.isRunning === true) fill.reports += 1;
    }
  }

  private begin(server: ServerId, partition: number, view: HerdView): void {
    const fills = this.fills.get(server) ?? new Map<number, Fill>();
    this.fills.set(server, fills);
    const clients = [...(this.clients.get(partition) ?? [])];
    const holders = view.runningServers.filter((other) => view.partitionState(other, partition) !== 'none');
    const differing = clients.filter((client) => {
      const newest = view.newest.get(client)?.location;
      const line = view.stored.get(server)?.get(client)?.location.line;
      return (
        newest?.line !== line || holders.some((other) => view.stored.get(other)?.get(client)?.location.line !== line)
      );
    }).length;
    const hasSource = view.completeHolders(partition).some((other) => other !== server);
    const fill = fills.get(partition) ?? { isRunning: true, differing: 0, hasSource, received: new Map(), reports: 0 };
    fill.isRunning = true;
    fill.differing += differing;
    fill.hasSource &&= hasSource;
    fills.set(partition, fill);
  }

  private end(server: ServerId, partition: number): void {
    const fills = this.fills.get(server);
    const fill = fills?.get(partition);
    if (fills === undefined || fill === undefined) return;
    fill.isRunning = false;
    if (![...fills.values()].some(({ isRunning }) => isRunning)) this.fills.delete(server);
  }

  private addPage({
    server,
    partition,
    from,
    locations,
  }: Extract<SimulationEvent, { kind: 'partition-page' }>): Violation | undefined {
    const fills = this.fills.get(server);
    const fill = fills?.get(partition);
    if (fills === undefined || fill?.isRunning !== true) return undefined;
    fill.received.set(from, (fill.received.get(from) ?? 0) + locations);
    let differing = 0;
    let reports = 0;
    let received = 0;
    for (const each of fills.values()) {
      differing += each.differing;
      reports += each.reports;
      received += receivedFor(each);
    }
    if (received <= maxRatio * differing + reports + allowance) return undefined;
    const text = `${server} fills partitions in which ${differing} locations differ, but received ${received}`;
    return { server, text };
  }
}

/** Returns the locations received to fill a partition; without a complete holder, of the server that sent most. */
function receivedFor({ hasSource, received }: Fill): number {
  const counts = [...received.values()];
  return hasSource ? counts.reduce((sum, count) => sum + count, 0) : Math.max(0, ...counts);
}
