import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { parseAt, supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { Scenario } from '../scenario/scenario.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';
import { locationReportKey, commandReportKey } from './report-keys.js';
import { UndisturbedLinks } from './undisturbed-links.js';

/** A report that a server has taken, and the neighbours that it told at once. */
interface AcceptedReport {
  readonly location: Location;
  readonly neighbours: readonly ServerId[];
}

/**
 * A neighbour that is asked after a report was answered knows it. Checked where links are not slower than clients: a location
 * takes less time to the neighbour than the answer and the question together, whatever is drawn.
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
  /** What each server must know by now of each client. */
  private readonly requiredLocations = new Map<ServerId, Map<ClientId, Location>>();
  /** For the questions that have not been answered, what must have been known when they were asked. */
  private readonly pendingQueries = new Map<string, (Location | undefined)[]>();
  /** The server that each client has spoken with last. */
  private readonly lastServers = new Map<string, ServerId>();
  /**
   * Questions of which it is not known which answer is whose: their client has left the server and come back, and is still to get
   * answers over the connection before.
   */
  private readonly ambiguousQueries = new Set<string>();

  constructor({ network, steps }: Pick<Scenario, 'network' | 'steps'>) {
    const { delay, loss, bytesPerSecond } = network;
    const isFast = delay.maxMs < 2 * delay.minMs && loss === 0 && bytesPerSecond === Infinity;
    this.isChecked = isFast && !steps.some(({ action }) => action.kind === 'slow');
  }

  checkPeriodically(view: HerdView): Violation[] {
    this.links.update(view);
    // A step may have held up what is under way: that is not checked.
    this.acceptedReports.clear();
    this.requiredLocations.clear();
    for (const due of this.pendingQueries.values()) due.fill(undefined);
    return [];
  }

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // In other worlds it takes a while until it is seen here what a server has learned.
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
        this.takeQuery(event.client, event.server, event.command);
        return undefined;
      default:
        this.links.onEvent(event);
        // What was under way over a connection that has ended may not have come.
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
    const { client, server, line } = event;
    const key = `${client} ${server} ${line}`;
    const pending = this.pendingQueries.get(key) ?? [];
    if (pending.length > 0 && this.lastServers.get(client) !== server) this.ambiguousQueries.add(key);
    this.lastServers.set(client, server);
    if (line.startsWith('WHATSAT ')) this.pendingQueries.set(key, [...pending, this.requiredLocation(event)]);
  }

  private requiredLocation({ server, line }: Extract<SimulationEvent, { kind: 'command-sent' }>): Location | undefined {
    return this.requiredLocations.get(server)?.get((line.split(' ')[1] ?? '') as ClientId);
  }

  private checkResponse(
    { client, server, command, lines }: Extract<SimulationEvent, { kind: 'response-received' }>,
    view: HerdView,
  ): Violation | undefined {
    if (command?.startsWith('WHATSAT ') !== true) return undefined;
    const required = this.takeQuery(client, server, command);
    const [first = ''] = lines;
    const returned = parseAt(first);
    // Who has forgotten something for want of room need not know.
    const mustKnow =
      required !== undefined &&
      this.requiredLocations.get(server)?.has(required.client) === true &&
      !view.hasEvicted(server);
    if (!mustKnow || returned === undefined || !supersedes(required, returned)) return undefined;
    return { server, text: `${server} was asked after ${required.line} had been answered, and told ${first}` };
  }

  private takeQuery(client: string, server: ServerId, command: ByteString): Location | undefined {
    const key = `${client} ${server} ${command}`;
    const [required, ...others] = this.pendingQueries.get(key) ?? [];
    const isMixed = this.ambiguousQueries.has(key);
    if (others.length > 0) this.pendingQueries.set(key, others);
    else {
      this.pendingQueries.delete(key);
      this.ambiguousQueries.delete(key);
    }
    return isMixed ? undefined : required;
  }
}
