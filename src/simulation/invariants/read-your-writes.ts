import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { parseAt, supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { Scenario } from '../scenario/scenario.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';
import { PendingQueries } from './pending-queries.js';
import { locationReportKey, commandReportKey } from './report-keys.js';
import { UndisturbedLinks } from './undisturbed-links.js';

/** A report that a server has accepted, and the neighbours that it was sent to at once. */
interface AcceptedReport {
  readonly location: Location;
  readonly neighbours: readonly ServerId[];
}

/**
 * In a herd that floods, a neighbour that is queried after a report was acknowledged knows it. Checked only if links are not slower than clients: then
 * a location reaches the neighbour before the response and the query together can, whatever delays are drawn.
 */
export class ReadYourWrites implements Invariant {
  readonly name = 'read-your-writes';
  readonly observedKinds = [
    'link',
    'backpressure',
    'learned',
    'response-received',
    'command-sent',
    'response-lost',
  ] as const;
  private readonly links = new UndisturbedLinks();
  private readonly isChecked: boolean;
  /** By `locationReportKey`. */
  private readonly acceptedReports = new Map<string, AcceptedReport>();
  /** The oldest location that each server must know by now, for each client. */
  private readonly requiredLocations = new Map<ServerId, Map<ClientId, Location>>();
  /** Queries without a response, with the location that was required when they were sent. */
  private readonly pendingQueries = new PendingQueries<Location>();

  constructor({ network, steps }: Pick<Scenario, 'network' | 'steps'>) {
    const { delay, loss, bytesPerSecond } = network;
    const isFast = delay.maxMs < 2 * delay.minMs && loss === 0 && bytesPerSecond === Infinity;
    this.isChecked = isFast && !steps.some(({ action }) => action.kind === 'slow');
  }

  checkPeriodically(view: HerdView): Violation[] {
    this.links.update(view);
    // A step may have delayed what is in transit, which is then not checked.
    this.acceptedReports.clear();
    this.requiredLocations.clear();
    this.pendingQueries.clearContexts();
    return [];
  }

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // In other environments events of servers are observed late.
    if (!this.isChecked || view.environment.observationDelayMs > 0) return undefined;
    switch (event.kind) {
      case 'learned':
        if (event.from === undefined) this.recordReport(event.server, event.location, view);
        return undefined;
      case 'response-received':
        this.acknowledge(event.server, event.command, view);
        return this.checkResponse(event, view);
      case 'command-sent':
        this.recordCommand(event);
        return undefined;
      case 'response-lost':
        this.pendingQueries.take(event.client, event.server, event.command);
        return undefined;
      default:
        this.links.onEvent(event);
        // Data in transit on a broken connection may be lost.
        if (event.kind === 'link' && event.state !== 'live') this.requiredLocations.delete(event.server);
        return undefined;
    }
  }

  private recordReport(server: ServerId, location: Location, view: HerdView): void {
    const neighbours = (view.links.get(server) ?? []).filter((to) => this.links.includes(server, to, view));
    this.acceptedReports.set(locationReportKey(server, location), { location, neighbours });
  }

  private acknowledge(server: ServerId, command: ByteString | undefined, view: HerdView): void {
    const key = commandReportKey(server, command);
    const report = key === undefined ? undefined : this.acceptedReports.get(key);
    if (key === undefined || report === undefined) return;
    this.acceptedReports.delete(key);
    const { location, neighbours } = report;
    for (const neighbour of neighbours) {
      if (!this.links.includes(server, neighbour, view)) continue;
      const required = this.requiredLocations.get(neighbour) ?? new Map<ClientId, Location>();
      this.requiredLocations.set(neighbour, required);
      const previous = required.get(location.client);
      if (previous === undefined || supersedes(location, previous)) required.set(location.client, location);
    }
  }

  private recordCommand(event: Extract<SimulationEvent, { kind: 'command-sent' }>): void {
    const isQuery = event.line.startsWith('WHATSAT ');
    this.pendingQueries.add(event, isQuery, isQuery ? this.requiredLocation(event) : undefined);
  }

  private requiredLocation({ server, line }: Extract<SimulationEvent, { kind: 'command-sent' }>): Location | undefined {
    return this.requiredLocations.get(server)?.get((line.split(' ')[1] ?? '') as ClientId);
  }

  private checkResponse(
    { client, server, command, lines }: Extract<SimulationEvent, { kind: 'response-received' }>,
    view: HerdView,
  ): Violation | undefined {
    if (command?.startsWith('WHATSAT ') !== true) return undefined;
    const required = this.pendingQueries.take(client, server, command);
    const [first = ''] = lines;
    const returned = parseAt(first);
    // A server that has evicted locations need not know it.
    const mustKnow =
      required !== undefined &&
      this.requiredLocations.get(server)?.has(required.client) === true &&
      !view.hasEvicted(server);
    if (!mustKnow || returned === undefined || !supersedes(required, returned)) return undefined;
    return { server, text: `${server} was queried after ${required.line} was acknowledged, but answered ${first}` };
  }
}
