import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import { parseAt, supersedes, type Location } from '../../../protocol/place/location.js';
import { defaultBufferBytes } from '../../network/path.js';
import type { HerdView } from '../../run/herd-view.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { SimulationEvent } from '../../environment.js';
import type { Invariant, Violation } from '../invariant.js';
import { PendingQueries } from '../pending-queries.js';
import { Guarantees, guaranteeKinds } from './guarantees.js';
import { canAlwaysLookUp, queriedClient } from './read-your-writes.js';

/** Trips that an acknowledged report makes until holders have it, at most: to the broker, to another node of it, and to them. */
const deliveryTrips = 3;

/** Time that a report may take besides the network, in milliseconds. */
const processingMarginMs = 200;

/** A query, with what its response must not be older than. */
interface Query {
  readonly required: Location;
  /** When the last fault had occurred. */
  readonly faultMs: number;
  /** Complete holders of the client's partition. */
  readonly holders: readonly ServerId[];
}

/**
 * In a herd on NATS, any server answers a WHATSAT with nothing older than what was acknowledged, anywhere, so long before the
 * query was sent that the holders have it. Checked if no fault has occurred since that report was accepted, or the herd has settled since. That
 * the server does not know the client, or only its own last report of it, counts as older in a settled herd: then holders can be
 * asked in time. Not checked where buffers or
 * bandwidth are small, since a location may then wait behind others.
 */
export class LookupsFresh implements Invariant {
  readonly name = 'lookups-fresh';
  readonly observedKinds = [...guaranteeKinds, 'command-sent', 'response-lost'] as const;
  private readonly guarantees: Guarantees;
  private readonly boundMs: number;
  private readonly isChecked: boolean;
  private readonly areLookupsUnlimited: boolean;
  /** Acknowledged reports of each client, the last one last; each is newer than those before. */
  private readonly acknowledged = new Map<ClientId, { readonly location: Location; readonly atMs: number }[]>();
  private readonly queries = new PendingQueries<Query>();

  constructor(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>) {
    const { network } = scenario;
    this.guarantees = new Guarantees(scenario);
    this.boundMs = processingMarginMs + deliveryTrips * network.delay.maxMs;
    this.areLookupsUnlimited = canAlwaysLookUp(scenario);
    this.isChecked =
      network.loss === 0 && network.bytesPerSecond === Infinity && network.bufferBytes >= defaultBufferBytes;
  }

  checkPeriodically(view: HerdView): Violation[] {
    this.guarantees.checkPeriodically(view);
    return [];
  }

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    if (!this.isChecked || view.environment.observationDelayMs > 0) return undefined;
    this.guarantees.onEvent(event, view);
    switch (event.kind) {
      case 'command-sent': {
        const isQuery = event.line.startsWith('WHATSAT ');
        this.queries.add(event, isQuery, isQuery ? this.requirement(queriedClient(event.line), view) : undefined);
        return undefined;
      }
      case 'response-lost':
        this.queries.take(event.client, event.server, event.command);
        return undefined;
      case 'response-received': {
        const location = parseAt(event.lines[0] ?? '');
        if (event.command?.startsWith('WHATSAT ') === true) return this.checkAnswer(event, location, view);
        if (location !== undefined) this.noteAcknowledged(location, view);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  private noteAcknowledged(location: Location, view: HerdView): void {
    const reports = this.acknowledged.get(location.client) ?? [];
    const newest = reports.at(-1);
    if (newest !== undefined && !supersedes(location, newest.location)) return;
    const nowMs = view.environment.nowMs();
    // Of those that are required by now, the newest says all.
    const first = reports.findLastIndex(({ atMs }) => atMs <= nowMs - this.boundMs);
    this.acknowledged.set(location.client, [...reports.slice(Math.max(0, first)), { location, atMs: nowMs }]);
  }

  /** Returns what a response to a query sent now must not be older than. */
  private requirement(client: ClientId, view: HerdView): Query | undefined {
    const nowMs = view.environment.nowMs();
    const newest = this.acknowledged.get(client)?.findLast(({ atMs }) => atMs <= nowMs - this.boundMs);
    if (newest === undefined) return undefined;
    const faultMs = this.guarantees.disturbances.lastFaultMs(nowMs);
    // It was accepted at most one bound before it was acknowledged.
    const isUnfaulted = faultMs <= newest.atMs - this.boundMs;
    if (!isUnfaulted && !this.guarantees.isSettled(nowMs)) return undefined;
    return { required: newest.location, faultMs, holders: view.completeHolders(view.partitionOf(client)) };
  }

  private checkAnswer(
    { client, server, command = '', lines }: Extract<SimulationEvent, { kind: 'response-received' }>,
    answer: Location | undefined,
    view: HerdView,
  ): Violation | undefined {
    const query = this.queries.take(client, server, command);
    if (query === undefined) return undefined;
    const { guarantees } = this;
    const { required, faultMs, holders } = query;
    const nowMs = view.environment.nowMs();
    if (answer !== undefined && !supersedes(required, answer)) return undefined;
    if (guarantees.disturbances.lastFaultMs(nowMs) !== faultMs) return undefined;
    // Where no holder is complete, what some have is the best answer.
    const complete = view.completeHolders(view.partitionOf(required.client));
    if (!holders.some((holder) => complete.includes(holder))) return undefined;
    if (guarantees.mayEvict || !guarantees.holds(required)) return undefined;
    const isFromHolder = answer !== undefined && answer.server !== server;
    if (!isFromHolder && !(this.areLookupsUnlimited && guarantees.isSettled(nowMs))) return undefined;
    return violation(server, required, lines[0] ?? '', Math.round(this.boundMs));
  }
}

function violation(server: ServerId, required: Location, answer: string, boundMs: number): Violation {
  const text = `${required.line} was acknowledged ${boundMs} ms before ${server} was queried, but it answered ${answer}`;
  return { server, text };
}
