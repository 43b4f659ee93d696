import type { BucketState, LinkState } from '../../../src/actors/bus/events.js';
import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { Administering } from '../../../src/runtime/http/auth/authorizer.js';

/** Whether the page hears a server. */
export type Reach = 'calling' | 'reached' | 'away';

/** The state of one end of a link, or of a server's way to the bucket; unknown while the server there is not heard. */
export type EndState = LinkState | BucketState | 'unknown';

/** The engine that a herd may spread by, as servers name it in what they tell. No server can have that name. */
export const engine = ':bucket';

/** What people call a node of the graph. */
export function nodeName(node: string): string {
  return node === engine ? 'NATS' : node;
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
  countMax: number;
}

/** The largest count of most upstreams: of a server that has not said yet. */
const countMaxUnheard = 100;

/** A change of the machine at one end of a link. */
export interface Step {
  readonly state: EndState;
  /** When it was entered, on the page's clock in milliseconds. */
  readonly sinceMs: number;
  /** When the next attempt is due; 0 where there will be none. */
  readonly retryAtMs: number;
  /** Clients of whom something waited for the bucket then. */
  readonly waiting: number;
  readonly reason: string;
}

/** How many changes of an end are remembered. */
const stepsMax = 8;

/** Before anything is heard. */
const unheard: Step = { state: 'unknown', sinceMs: 0, retryAtMs: 0, waiting: 0, reason: '' };

/** One end of a link, as the server there sees it. */
export class LinkEnd {
  /** What somebody does to the link by hand, as the server here knows. */
  fault: LinkFault = { kind: 'none' };
  /** Newest first; never empty. */
  steps: readonly Step[] = [unheard];

  constructor(
    readonly server: string,
    readonly neighbour: string,
  ) {}

  get now(): Step {
    return this.steps[0] ?? unheard;
  }

  enter(step: Step): void {
    const { now } = this;
    const same = step.state === now.state && step.reason === now.reason;
    const before = this.steps.filter((known) => known !== unheard);
    // A server that is asked again tells what it has told; only how long it still waits may be news.
    if (same) this.steps = [{ ...step, sinceMs: now.sinceMs }, ...before.slice(1)];
    else this.steps = [step, ...before].slice(0, stepsMax);
  }
}

/** A link between two servers, or a server's way to the engine, whose other end tells nothing. */
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
  administering: Administering = 'off';
  /** The server that the page is from. */
  openedOn = '';
  version = 0;
  readonly servers = new Map<string, Server>();
  readonly links = new Map<string, Link>();

  /** The servers in the order of their index. */
  get list(): readonly Server[] {
    return [...this.servers.values()];
  }

  server(name: string): Server | undefined {
    return this.servers.get(name);
  }

  /** Adds a server. */
  meet(name: string, url: string): void {
    this.servers.set(name, {
      name,
      url,
      index: this.servers.size,
      reach: 'calling',
      connections: 0,
      hold: 'all',
      ready: false,
      countMax: countMaxUnheard,
    });
    this.version += 1;
  }

  /** Adds the link between two servers, unless it is known. */
  join(a: string, b: string): void {
    const id = linkId(a, b);
    if (this.links.has(id)) return;
    const [first, second] = a < b ? [a, b] : [b, a];
    const ends = [new LinkEnd(first, second), new LinkEnd(second, first)];
    this.links.set(id, { id, title: id, kind: 'link', ends });
    this.version += 1;
  }

  /** Adds a server's way to the engine, unless it is known. */
  joinEngine(server: string): void {
    const id = linkId(server, engine);
    if (this.links.has(id)) return;
    const title = `${server}–${nodeName(engine)}`;
    this.links.set(id, { id, title, kind: 'bucket', ends: [new LinkEnd(server, engine)] });
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

  changed(): void {
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
