import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { parseAt, supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';
import { reportKey, reportKeyOf } from './reports.js';
import { UndisturbedLinks } from './undisturbed-links.js';

/** A report that a server has taken, and the neighbours that it told at once. */
interface Taken {
  readonly location: Location;
  readonly neighbours: readonly ServerId[];
}

/**
 * A neighbour that is asked after a report was answered knows it. Checked where links are not slower than clients: a location
 * takes less time to the neighbour than the answer and the question together, whatever is drawn.
 */
export class ReadYourWrites implements Invariant {
  readonly name = 'read-your-writes';
  readonly sees = ['link', 'no-room', 'learned', 'answered', 'asked', 'unanswered'] as const;
  private readonly links = new UndisturbedLinks();
  private readonly isChecked: boolean;
  /** By `reportKey`. */
  private readonly taken = new Map<string, Taken>();
  /** What each server must know by now of each client. */
  private readonly due = new Map<ServerId, Map<ClientId, Location>>();
  /** For the questions that have not been answered, what must have been known when they were asked. */
  private readonly questions = new Map<string, (Location | undefined)[]>();
  /** The server that each client has spoken with last. */
  private readonly servers = new Map<string, ServerId>();
  /**
   * Questions of which it is not known which answer is whose: their client has left the server and come back, and is still to get
   * answers over the connection before.
   */
  private readonly mixed = new Set<string>();

  constructor({ network, steps }: Pick<Scenario, 'network' | 'steps'>) {
    const { delay, loss, bytesPerSecond } = network;
    const isFast = delay.mostMs < 2 * delay.leastMs && loss === 0 && bytesPerSecond === Infinity;
    this.isChecked = isFast && !steps.some(({ action }) => action.kind === 'slow');
  }

  look(view: HerdView): Breach[] {
    this.links.look(view);
    // A step may have held up what is under way: that is not checked.
    this.taken.clear();
    this.due.clear();
    for (const due of this.questions.values()) due.fill(undefined);
    return [];
  }

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    // In other worlds it takes a while until it is seen here what a server has learned.
    if (!this.isChecked || view.world.slackMs > 0) return undefined;
    switch (event.kind) {
      case 'learned':
        if (event.from === undefined) this.take(event.server, event.location, view);
        return undefined;
      case 'answered':
        this.acknowledge(event.server, event.command, view);
        return this.checkAnswer(event, view);
      case 'asked':
        this.ask(event);
        return undefined;
      case 'unanswered':
        this.nextQuestion(event.client, event.server, event.command);
        return undefined;
      default:
        this.links.see(event);
        // What was under way over a connection that has ended may not have come.
        if (event.kind === 'link' && event.state !== 'live') this.due.delete(event.server);
        return undefined;
    }
  }

  private take(server: ServerId, location: Location, view: HerdView): void {
    const neighbours = (view.ways.get(server) ?? []).filter((to) => this.links.includes(server, to, view));
    this.taken.set(reportKey(server, location), { location, neighbours });
  }

  private acknowledge(server: ServerId, command: ByteString | undefined, view: HerdView): void {
    const key = reportKeyOf(server, command);
    const taken = key === undefined ? undefined : this.taken.get(key);
    if (key === undefined || taken === undefined) return;
    this.taken.delete(key);
    const { location, neighbours } = taken;
    for (const neighbour of neighbours) {
      if (!this.links.includes(server, neighbour, view)) continue;
      const ofServer = this.due.get(neighbour) ?? new Map<ClientId, Location>();
      this.due.set(neighbour, ofServer);
      const before = ofServer.get(location.client);
      if (before === undefined || supersedes(location, before)) ofServer.set(location.client, location);
    }
  }

  private ask(event: Extract<WorldEvent, { kind: 'asked' }>): void {
    const { client, server, line } = event;
    const key = `${client} ${server} ${line}`;
    const open = this.questions.get(key) ?? [];
    if (open.length > 0 && this.servers.get(client) !== server) this.mixed.add(key);
    this.servers.set(client, server);
    if (line.startsWith('WHATSAT ')) this.questions.set(key, [...open, this.dueAt(event)]);
  }

  private dueAt({ server, line }: Extract<WorldEvent, { kind: 'asked' }>): Location | undefined {
    return this.due.get(server)?.get((line.split(' ')[1] ?? '') as ClientId);
  }

  private checkAnswer(
    { client, server, command, lines }: Extract<WorldEvent, { kind: 'answered' }>,
    view: HerdView,
  ): Breach | undefined {
    if (command?.startsWith('WHATSAT ') !== true) return undefined;
    const due = this.nextQuestion(client, server, command);
    const [first = ''] = lines;
    const told = parseAt(first);
    // Who has forgotten something for want of room need not know.
    const mustKnow = due !== undefined && this.due.get(server)?.has(due.client) === true && !view.hasForgotten(server);
    if (!mustKnow || told === undefined || !supersedes(due, told)) return undefined;
    return { server, text: `${server} was asked after ${due.line} had been answered, and told ${first}` };
  }

  private nextQuestion(client: string, server: ServerId, command: ByteString): Location | undefined {
    const key = `${client} ${server} ${command}`;
    const [due, ...others] = this.questions.get(key) ?? [];
    const isMixed = this.mixed.has(key);
    if (others.length > 0) this.questions.set(key, others);
    else {
      this.questions.delete(key);
      this.mixed.delete(key);
    }
    return isMixed ? undefined : due;
  }
}
