import type { ByteString } from '../../../protocol/text/bytes.js';
import { defaultLimits } from '../../../actors/ports/limits.js';
import { asClientId, type ClientId, type ServerId } from '../../../protocol/place/ids.js';
import { parseAt, supersedes, type Location } from '../../../protocol/place/location.js';
import type { HerdView } from '../../run/herd-view.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { SimulationEvent } from '../../environment.js';
import type { Invariant, Violation } from '../invariant.js';
import { PendingQueries } from '../pending-queries.js';
import { Guarantees, guaranteeKinds, type Guarantee } from './guarantees.js';

/** The newest acknowledged location of each client. */
type Acknowledged = Map<ClientId, Location>;

/** One connection of a client, as far as its commands go to the same server without a break. */
interface ClientSession {
  readonly server: ServerId;
  /** Reports of this connection. Responses are in order, so a response is to a command after all that were acknowledged before. */
  readonly acknowledged: Acknowledged;
}

interface Command {
  readonly session: ClientSession;
  /** What the server must know when the command arrives. */
  readonly required: Location | undefined;
  /** The report by which the server must know it without asking others, if it is still kept when the response arrives. */
  readonly kept: Guarantee | undefined;
  /** Whether the server stored what is required. */
  readonly isStored: boolean;
}

/**
 * In a herd on NATS, a server answers a WHATSAT with what it acknowledged before, or something newer ([WH9]), also if it holds
 * nothing of the client. It keeps what it acknowledged until all complete holders have confirmed it, so:
 *
 * - no holder answers a lookup with an older location, unless all who had the newer one are gone;
 * - until a holder has it, the server knows it, connected or not;
 * - later it knows it if it stores it, or can ask: that is checked only in a settled herd, since a lookup has a deadline.
 */
export class ReadYourWritesOnNats implements Invariant {
  readonly name = 'read-your-writes';
  readonly observedKinds = [...guaranteeKinds, 'command-sent', 'response-lost'] as const;
  private readonly guarantees: Guarantees;
  private readonly areLookupsUnlimited: boolean;
  private readonly sessions = new Map<string, ClientSession>();
  private readonly acknowledged = new Map<ServerId, Acknowledged>();
  private readonly pending = new PendingQueries<Command>();

  constructor(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>) {
    this.guarantees = new Guarantees(scenario);
    this.areLookupsUnlimited = canAlwaysLookUp(scenario);
  }

  checkPeriodically(view: HerdView): Violation[] {
    this.guarantees.checkPeriodically(view);
    return [];
  }

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    if (view.environment.observationDelayMs > 0) return undefined;
    this.guarantees.onEvent(event, view);
    switch (event.kind) {
      case 'command-sent':
        this.recordCommand(event, view);
        return undefined;
      case 'response-received':
        return this.onResponse(event, view);
      case 'response-lost':
        this.pending.take(event.client, event.server, event.command);
        this.sessions.delete(event.client);
        return undefined;
      case 'down':
        this.acknowledged.delete(event.server);
        return undefined;
      default:
        return undefined;
    }
  }

  private recordCommand(event: Extract<SimulationEvent, { kind: 'command-sent' }>, view: HerdView): void {
    const { client, server, line } = event;
    let session = this.sessions.get(client);
    if (session?.server !== server)
      this.sessions.set(client, (session = { server, acknowledged: new Map<ClientId, Location>() }));
    const required = line.startsWith('WHATSAT ') ? this.acknowledged.get(server)?.get(queriedClient(line)) : undefined;
    const kept = required && this.guarantees.keptBy(server, required);
    const isStored = required !== undefined && view.storesAtLeast(server, required);
    this.pending.add(event, true, { session, required, kept, isStored });
  }

  private onResponse(
    { client, server, command = '', lines }: Extract<SimulationEvent, { kind: 'response-received' }>,
    view: HerdView,
  ): Violation | undefined {
    const sent = this.pending.take(client, server, command);
    const [first = ''] = lines;
    const location = parseAt(first);
    if (command.startsWith('IAMAT')) {
      if (location === undefined) return undefined;
      addNewest(sent?.session.acknowledged, location);
      // A server that went down meanwhile may have lost it.
      if (sent !== undefined && view.isUp(server)) addNewest(this.acknowledgedBy(server), location);
      return undefined;
    }
    if (sent === undefined || !command.startsWith('WHATSAT ') || !view.isUp(server)) return undefined;
    const required = newerOf(sent.required, sent.session.acknowledged.get(queriedClient(command)));
    if (required === undefined || (location !== undefined && !supersedes(required, location))) return undefined;
    const { guarantees } = this;
    if (guarantees.mayEvict || !guarantees.holds(required)) return undefined;
    // Without a response of a holder, the server answers with its own last report, which may be a late one.
    const isFromHolder = location !== undefined && location.server !== server;
    if (!isFromHolder && !this.mustKnow(server, required, sent, view)) return undefined;
    return { server, text: `${server} acknowledged ${required.line}, but then answered a WHATSAT with ${first}` };
  }

  /** Whether a server must know a client, of which it has acknowledged a report before it was queried. */
  private mustKnow(server: ServerId, required: Location, { kept, isStored }: Command, view: HerdView): boolean {
    if (kept?.isKept === true || (isStored && view.storesAtLeast(server, required))) return true;
    return this.areLookupsUnlimited && this.guarantees.isSettled(view.environment.nowMs());
  }

  private acknowledgedBy(server: ServerId): Acknowledged {
    let acknowledged = this.acknowledged.get(server);
    if (acknowledged === undefined) this.acknowledged.set(server, (acknowledged = new Map<ClientId, Location>()));
    return acknowledged;
  }
}

/** Whether lookups fail only if no holder can be reached, not because of a limit or a slow network. */
export function canAlwaysLookUp({ herd, network }: Pick<Scenario, 'herd' | 'network'>): boolean {
  const { maxLookupsPerSecond, maxLookupsPerSecondPerAddress, lookupTimeoutMs } = herd.limits;
  return (
    maxLookupsPerSecond >= defaultLimits.maxLookupsPerSecond &&
    maxLookupsPerSecondPerAddress >= defaultLimits.maxLookupsPerSecondPerAddress &&
    lookupTimeoutMs > lookupTrips(herd) * network.delay.maxMs + lookupMarginMs &&
    network.loss === 0
  );
}

/** Trips of a lookup: to a node of the broker, to another one if there are several, to a holder, and back. */
function lookupTrips({ replication }: Scenario['herd']): number {
  return replication.kind === 'nats' && replication.brokers === 1 ? 4 : 6;
}

/** Time that a lookup takes besides the network, in milliseconds. */
const lookupMarginMs = 20;

/** Returns the client that a WHATSAT is about. */
export function queriedClient(line: ByteString): ClientId {
  return asClientId(line.split(' ')[1] ?? '');
}

function addNewest(locations: Acknowledged | undefined, location: Location): void {
  const known = locations?.get(location.client);
  if (known === undefined || supersedes(location, known)) locations?.set(location.client, location);
}

function newerOf(one: Location | undefined, other: Location | undefined): Location | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return supersedes(other, one) ? other : one;
}
