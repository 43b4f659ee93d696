import type { ByteString } from '../../../protocol/text/bytes.js';
import { defaultLimits } from '../../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import { supersedes, type Location } from '../../../protocol/place/location.js';
import type { HerdView } from '../../run/herd-view.js';
import type { Scenario } from '../../scenario/scenario.js';
import { defaultBufferBytes } from '../../network/path.js';
import { natsSettleMs } from '../../run/nats-settle-time.js';
import type { SimulationEvent } from '../../environment.js';
import { commandReportKey, locationReportKey } from '../report-keys.js';
import { Disturbances, disturbanceKinds } from './disturbances.js';

/** Kinds of events that `Guarantees` processes. */
export const guaranteeKinds = [...disturbanceKinds, 'learned', 'evicted', 'response-received'] as const;

/** Time in which a process hands its output to the operating system, in milliseconds. */
const writeMs = 50;

/** A report that a server has accepted, which the herd must not lose. */
export interface Guarantee {
  readonly location: Location;
  readonly partition: number;
  /** The server that accepted it, and keeps it until the complete holders of its partition have confirmed it. */
  readonly server: ServerId;
  isAcknowledged: boolean;
  /** Running servers that store the partition and have learned this location or a newer one. */
  readonly holders: Set<ServerId>;
  /** Servers that must learn it, since the broker took it while they held the partition completely and nothing was disturbed. */
  readonly recipients: Set<ServerId>;
  /** Whether the server that accepted it must have it: it lives, and no server was in `holders` so far. */
  isKept: boolean;
}

/**
 * Keeps account of what a herd on NATS has promised about each report: the server that accepted it keeps it until the complete
 * holders of its partition have confirmed it, and they keep it until others have it. A promise ends with the last server that had
 * the report, unless that dropped it because others hold its partition.
 */
export class Guarantees {
  readonly disturbances: Disturbances;
  private readonly byClient = new Map<ClientId, Guarantee[]>();
  private readonly byReport = new Map<string, Guarantee>();
  /** Acknowledged reports on their way to the broker, by the time at which it has them. */
  private readonly inTransit: { readonly guarantee: Guarantee; readonly atMs: number; readonly acceptedMs: number }[] =
    [];
  private readonly roundTripMs: number;
  private readonly settleMs: number;
  /** Whether servers may evict locations, also those that no other server has: then the herd promises nothing. */
  readonly mayEvict: boolean;

  constructor(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>) {
    const { network, herd } = scenario;
    const { maxClients, maxStoreBytes } = herd.limits;
    this.mayEvict = maxClients < defaultLimits.maxClients || maxStoreBytes < defaultLimits.maxStoreBytes;
    this.disturbances = new Disturbances(scenario);
    this.settleMs = natsSettleMs(scenario);
    // Output may wait in the process where buffers or bandwidth are small.
    const isFast = network.bytesPerSecond === Infinity && network.bufferBytes >= defaultBufferBytes;
    this.roundTripMs = isFast && network.loss === 0 ? 2 * network.delay.maxMs + writeMs : Infinity;
  }

  /** All promises that hold. */
  *all(): Generator<Guarantee> {
    for (const guarantees of this.byClient.values()) yield* guarantees;
  }

  /** Processes an event of the kinds `guaranteeKinds`. The view must not have been updated with it. */
  onEvent(event: SimulationEvent, view: HerdView): void {
    const nowMs = view.environment.nowMs();
    this.noteReceived(nowMs, view);
    this.disturbances.onEvent(event, nowMs);
    switch (event.kind) {
      case 'learned':
        return this.noteLearned(event.server, event.location, event.from, view);
      case 'response-received':
        return this.noteAcknowledged(event.server, event.command, nowMs);
      case 'evicted':
        if (event.reason === 'moved') this.noteMoved(event.server, event.location, view);
        return;
      case 'nats':
        // What was on its way may be lost.
        if (event.state === 'backoff' || event.state === 'stopped') this.removeRecipient(event.server);
        return;
      case 'started':
        for (const location of event.restored) this.addHolder(event.server, location);
        return;
      case 'down':
        return this.removeServer(event.server);
      default:
        return;
    }
  }

  /** Processes what steps have changed. */
  checkPeriodically(view: HerdView): void {
    const nowMs = view.environment.nowMs();
    this.noteReceived(nowMs, view);
    if (this.disturbances.lastFaultMs(nowMs) >= nowMs) for (const { recipients } of this.all()) recipients.clear();
  }

  /** Whether the promise of this location, or of a newer one of its client, holds. */
  holds(location: Location): boolean {
    return (this.byClient.get(location.client) ?? []).some((other) => !supersedes(location, other.location));
  }

  /** Returns a report that the server must have, since no other one has ever had it: this location or a newer one. */
  keptBy(server: ServerId, location: Location): Guarantee | undefined {
    return (this.byClient.get(location.client) ?? []).find(
      (other) => other.server === server && other.isKept && !supersedes(location, other.location),
    );
  }

  /** Whether nothing has disturbed the herd or changed its members for so long that it has settled. */
  isSettled(nowMs: number): boolean {
    return nowMs - this.disturbances.lastChangeMs(nowMs) >= this.settleMs;
  }

  private noteLearned(server: ServerId, location: Location, from: ServerId | undefined, view: HerdView): void {
    const isHolder = view.partitionState(server, view.partitionOf(location.client)) !== 'none';
    if (from === undefined) this.add(server, location, view);
    if (isHolder) this.addHolder(server, location);
  }

  private add(server: ServerId, location: Location, view: HerdView): void {
    const known = this.byClient.get(location.client) ?? [];
    // A server that is to hold a partition stores the reports that it kept.
    if (known.some((other) => other.location.line === location.line)) return;
    // Servers may have had something newer before, since this is late.
    const holders = new Set(view.runningServers.filter((other) => view.storesAtLeast(other, location)));
    const guarantee: Guarantee = {
      location,
      partition: view.partitionOf(location.client),
      server,
      isAcknowledged: false,
      holders,
      recipients: new Set(),
      isKept: holders.size === 0,
    };
    this.byClient.set(location.client, [...known, guarantee]);
    this.byReport.set(locationReportKey(server, location), guarantee);
  }

  private noteAcknowledged(server: ServerId, command: ByteString | undefined, nowMs: number): void {
    const key = commandReportKey(server, command);
    const guarantee = key === undefined ? undefined : this.byReport.get(key);
    if (key === undefined || guarantee === undefined) return;
    this.byReport.delete(key);
    guarantee.isAcknowledged = true;
    if (this.roundTripMs !== Infinity)
      this.inTransit.push({ guarantee, atMs: nowMs + this.roundTripMs, acceptedMs: nowMs - this.roundTripMs });
  }

  /** The broker has what was acknowledged a round trip ago, if the connection of the server was not disturbed. */
  private noteReceived(nowMs: number, view: HerdView): void {
    for (let next = this.inTransit[0]; next !== undefined && next.atMs <= nowMs; next = this.inTransit[0]) {
      this.inTransit.shift();
      const { guarantee, acceptedMs } = next;
      const { server, partition, holders, recipients } = guarantee;
      const isDisturbed = this.disturbances.lastFaultMs(nowMs) >= acceptedMs || !isConnected(server, view);
      if (isDisturbed || this.byClient.get(guarantee.location.client)?.includes(guarantee) !== true) continue;
      for (const holder of view.completeHolders(partition))
        if (holder !== server && isConnected(holder, view) && !holders.has(holder)) recipients.add(holder);
    }
  }

  private addHolder(server: ServerId, location: Location): void {
    const guarantees = this.byClient.get(location.client);
    if (guarantees === undefined) return;
    let newestHeld: Location | undefined;
    for (const guarantee of guarantees) {
      if (supersedes(guarantee.location, location)) continue;
      guarantee.holders.add(server);
      guarantee.recipients.delete(server);
      guarantee.isKept = false;
      if (newestHeld === undefined || supersedes(guarantee.location, newestHeld)) newestHeld = guarantee.location;
    }
    // Older reports are kept if the newest one is.
    const newest = newestHeld;
    if (newest !== undefined) this.removeWhere(location.client, (other) => supersedes(newest, other.location));
  }

  private removeRecipient(server: ServerId): void {
    for (const { recipients } of this.all()) recipients.delete(server);
  }

  private removeServer(server: ServerId): void {
    for (const client of this.byClient.keys()) {
      this.removeWhere(client, (guarantee) => {
        guarantee.holders.delete(server);
        guarantee.recipients.delete(server);
        if (guarantee.server === server) guarantee.isKept = false;
        return !guarantee.isKept && guarantee.holders.size === 0 && guarantee.recipients.size === 0;
      });
    }
  }

  /**
   * A server dropped what others are to hold. That is right only if another one has it. If none is known to, the promise stays: the
   * report is lost unless it is found. It ends, however, where a fault may have ended another holder that had it.
   */
  private noteMoved(server: ServerId, location: Location, view: HerdView): void {
    const nowMs = view.environment.nowMs();
    const isUnfaulted = nowMs - this.disturbances.lastFaultMs(nowMs) >= this.settleMs;
    this.removeWhere(location.client, ({ holders, recipients }) => {
      if (!holders.has(server)) return false;
      const isLast = holders.size === 1 && recipients.size === 0;
      if (!isLast) holders.delete(server);
      return isLast && !isUnfaulted;
    });
  }

  private removeWhere(client: ClientId, isOver: (guarantee: Guarantee) => boolean): void {
    const guarantees = this.byClient.get(client) ?? [];
    const remaining = guarantees.filter((guarantee) => !isOver(guarantee));
    if (remaining.length === guarantees.length) return;
    if (remaining.length === 0) this.byClient.delete(client);
    else this.byClient.set(client, remaining);
  }
}

function isConnected(server: ServerId, view: HerdView): boolean {
  const state = view.natsStates.get(server);
  return !view.paused.has(server) && (state === 'live' || state === 'joining');
}
