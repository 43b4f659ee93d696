import type { LinkState, NatsState } from '../../../src/actors/bus/events.js';
import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { AdminAccess } from '../../../src/runtime/http/api/api-types.js';
import type { Partitions } from './server-messages.js';

/** Whether the page receives the event stream of a server. */
export type Reach = 'connecting' | 'connected' | 'disconnected';

/** State of one end of a link, or of a server's connection to the broker; unknown while that server is unreachable. */
export type EndState = LinkState | NatsState | 'unknown';

/** Name of the broker (NATS) among neighbours, as in the `from` field of events. Not a valid server name. */
export const broker = ':nats';

/** Label of a node of the graph. */
export function nodeLabel(node: string): string {
  return node === broker ? 'NATS' : node;
}

export interface Server {
  readonly name: string;
  /** Base URL of its HTTP server without a trailing slash; empty if it has none. */
  readonly url: string;
  /** Position in the configuration, from 0. */
  readonly index: number;
  reach: Reach;
  /** Open client connections. */
  connections: number;
  /** Live members of the herd on NATS, as far as it knows. */
  memberCount: number;
  /** Undefined if it is not on NATS. */
  partitions: Partitions | undefined;
  /** Whether it has caught up with its neighbours, or filled its partitions. */
  ready: boolean;
  /** Maximum count of WHATSAT. */
  maxCount: number;
}

/** Maximum count assumed until the server has sent its own. */
const defaultMaxCount = 100;

/** State that one end of a link entered. */
export interface EndStep {
  readonly state: EndState;
  /** Time of entry on the page's clock in milliseconds. */
  readonly sinceMs: number;
  /** Time of the next attempt on the same clock; 0 if there is none. */
  readonly retryAtMs: number;
  readonly reason: string;
}

/** Maximum number of states kept per end. */
const maxSteps = 8;

const unknownStep: EndStep = { state: 'unknown', sinceMs: 0, retryAtMs: 0, reason: '' };

/** One end of a link, as the server there sees it. */
export class LinkEnd {
  /** Injected fault of the link, as far as the process of this server knows. */
  fault: LinkFault = { kind: 'none' };
  /** Newest first; never empty. */
  steps: readonly EndStep[] = [unknownStep];

  constructor(
    readonly server: string,
    readonly neighbour: string,
  ) {}

  get current(): EndStep {
    return this.steps[0] ?? unknownStep;
  }

  update(step: EndStep): void {
    const { current } = this;
    const same = step.state === current.state && step.reason === current.reason;
    const earlier = this.steps.filter((earlierStep) => earlierStep !== unknownStep);
    // A repeated request returns the same state; only the time of the next attempt may differ.
    if (same) this.steps = [{ ...step, sinceMs: current.sinceMs }, ...earlier.slice(1)];
    else this.steps = [step, ...earlier].slice(0, maxSteps);
  }
}

/** Link between two servers, or a server's connection to the broker, which has one end only. */
export interface Link {
  readonly id: string;
  /** Label: `Blake–Howard`. */
  readonly title: string;
  readonly kind: 'link' | 'nats';
  readonly ends: readonly LinkEnd[];
}

/** Servers and links of the herd. Views compare `version` once per frame. */
export class Herd {
  name = '';
  /** Whether the user may perform admin actions. */
  adminAccess: AdminAccess = 'disabled';
  /** The server that served the page. */
  openedOn = '';
  version = 0;
  readonly servers = new Map<string, Server>();
  readonly links = new Map<string, Link>();

  /** The servers in the order of their index. */
  get serverList(): readonly Server[] {
    return [...this.servers.values()];
  }

  server(name: string): Server | undefined {
    return this.servers.get(name);
  }

  /** Adds a server. */
  addServer(name: string, url: string): void {
    this.servers.set(name, {
      name,
      url,
      index: this.servers.size,
      reach: 'connecting',
      connections: 0,
      memberCount: 0,
      partitions: undefined,
      ready: false,
      maxCount: defaultMaxCount,
    });
    this.version += 1;
  }

  /** Adds the link between two servers, unless it is known. */
  addLink(a: string, b: string): void {
    const id = linkId(a, b);
    if (this.links.has(id)) return;
    const [first, second] = a < b ? [a, b] : [b, a];
    const ends = [new LinkEnd(first, second), new LinkEnd(second, first)];
    this.links.set(id, { id, title: id, kind: 'link', ends });
    this.version += 1;
  }

  /** Adds a server's connection to the broker, unless it is known. */
  addBrokerLink(server: string): void {
    const id = linkId(server, broker);
    if (this.links.has(id)) return;
    const title = `${server}–${nodeLabel(broker)}`;
    this.links.set(id, { id, title, kind: 'nats', ends: [new LinkEnd(server, broker)] });
    this.version += 1;
  }

  /** The end at a server of its link to a neighbour. */
  end(server: string, neighbour: string): LinkEnd | undefined {
    return this.links.get(linkId(server, neighbour))?.ends.find((end) => end.server === server);
  }

  /** The ends of all links of a server. */
  endsOf(server: string): readonly LinkEnd[] {
    return [...this.links.values()].flatMap(({ ends }) => ends.filter((end) => end.server === server));
  }

  markChanged(): void {
    this.version += 1;
  }
}

/** Injected fault of a link. Only the process of the dialing end knows it. */
export function faultOf({ ends }: Link): LinkFault {
  return ends.find(({ fault }) => fault.kind !== 'none')?.fault ?? { kind: 'none' };
}

export function linkId(a: string, b: string): string {
  return a < b ? `${a}–${b}` : `${b}–${a}`;
}
