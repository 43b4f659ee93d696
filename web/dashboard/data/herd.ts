import type { BucketState, LinkState } from '../../../src/actors/bus/events.js';
import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { AdminAccess } from '../../../src/runtime/http/api/api-types.js';

/** Whether the page hears a server. */
export type Reach = 'connecting' | 'connected' | 'disconnected';

/** The state of one end of a link, or of a server's way to the bucket; unknown while the server there is not heard. */
export type EndState = LinkState | BucketState | 'unknown';

/** The broker that a herd may spread by, as servers name it in what they tell. No server can have that name. */
export const broker = ':bucket';

/** What people call a node of the graph. */
export function nodeLabel(node: string): string {
  return node === broker ? 'NATS' : node;
}

export interface Server {
  readonly name: string;
  /** Where its HTTP is, without a slash at the end. */
  readonly url: string;
  /** Its place in the herd, from 0. */
  readonly index: number;
  reach: Reach;
  /** Client connections that it has. */
  connections: number;
  /** Whether it holds all clients, or only those that it has to do with. */
  hold: 'all' | 'touched';
  /** Whether it has caught up with its neighbours. */
  ready: boolean;
  /** The largest count that its WHATSAT takes. */
  maxCount: number;
}

/** The largest count of most upstreams: of a server that has not said yet. */
const defaultMaxCount = 100;

/** A change of the machine at one end of a link. */
export interface EndStep {
  readonly state: EndState;
  /** When it was entered, on the page's clock in milliseconds. */
  readonly sinceMs: number;
  /** When the next attempt is due; 0 where there will be none. */
  readonly retryAtMs: number;
  /** Clients of whom something waited for the bucket then. */
  readonly pendingWrites: number;
  readonly reason: string;
}

/** How many changes of an end are remembered. */
const maxSteps = 8;

/** Before anything is heard. */
const unknownStep: EndStep = { state: 'unknown', sinceMs: 0, retryAtMs: 0, pendingWrites: 0, reason: '' };

/** One end of a link, as the server there sees it. */
export class LinkEnd {
  /** What somebody does to the link by hand, as the server here knows. */
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
    // A server that is asked again tells what it has told; only how long it still waits may be news.
    if (same) this.steps = [{ ...step, sinceMs: current.sinceMs }, ...earlier.slice(1)];
    else this.steps = [step, ...earlier].slice(0, maxSteps);
  }
}

/** A link between two servers, or a server's way to the broker, whose other end tells nothing. */
export interface Link {
  readonly id: string;
  /** What people call it, `Blake–Howard`. */
  readonly title: string;
  readonly kind: 'link' | 'bucket';
  readonly ends: readonly LinkEnd[];
}

/** What the page knows of the herd's servers and links. Views look at it once a frame; `version` says whether they must. */
export class Herd {
  name = '';
  /** Whether the reader may do something to the herd by hand. */
  adminAccess: AdminAccess = 'disabled';
  /** The server that the page is from. */
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
      hold: 'all',
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

  /** Adds a server's way to the broker, unless it is known. */
  addBrokerLink(server: string): void {
    const id = linkId(server, broker);
    if (this.links.has(id)) return;
    const title = `${server}–${nodeLabel(broker)}`;
    this.links.set(id, { id, title, kind: 'bucket', ends: [new LinkEnd(server, broker)] });
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

/** What somebody does to a link by hand, as far as either end knows: the process of the one that calls does. */
export function faultOf({ ends }: Link): LinkFault {
  return ends.find(({ fault }) => fault.kind !== 'none')?.fault ?? { kind: 'none' };
}

export function linkId(a: string, b: string): string {
  return a < b ? `${a}–${b}` : `${b}–${a}`;
}
