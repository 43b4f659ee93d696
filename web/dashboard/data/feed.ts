import type { Administering } from '../../../src/runtime/http/auth/authorizer.js';
import { askFor } from './http.js';
import { readEvents } from './event-stream.js';
import { engine, type Herd, type Server } from './herd.js';
import type { Told } from './locations.js';
import { Refill } from './resync.js';
import {
  isEnd,
  isLearned,
  isLink,
  isLocation,
  isSaid,
  type EndTold,
  type LinkTold,
  type Said,
} from './server-messages.js';

/** What a server tells of itself: `GET /api/herd`. */
interface Overview {
  readonly herd: string;
  readonly server: string;
  readonly administration: Administering;
  readonly servers: readonly { readonly name: string; readonly httpUrl: string | null }[];
  readonly talks: readonly (readonly [string, string])[];
  readonly links: readonly LinkTold[];
  /** Null where the server spreads nothing by an engine. */
  readonly bucket: EndTold | null;
  readonly clients: number;
  readonly hold: 'all' | 'touched';
  readonly ready: boolean;
  /** What answers WHATSAT; left out by servers of before. */
  readonly upstream?: { readonly countMax: number };
}

/** A page of `GET /api/clients`. */
interface ClientsPage {
  readonly clients: readonly Told[];
  /** What the next page comes after; null behind the last one. */
  readonly next: number | null;
}

/** Something that happens in a server, as its stream of events tells it. */
export interface Happening {
  readonly server: string;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Who is told what a server says. */
export interface Listener {
  told(server: Server, locations: readonly Told[]): void;
  learned(server: Server, from: string | null, locations: readonly Told[]): void;
  happened(happening: Happening): void;
  /** A server is not heard any more. */
  lost(server: Server): void;
}

/** A server that is not heard is called again after this, in milliseconds: often, for it is on a machine near by. */
const callAgainMs = 1_000;

/** How many locations are asked for at once. */
const pageSize = 1_000;

/**
 * Asks the server that the page is from who is in the herd. It is asked until it answers, and the others never: they
 * are known from then on.
 */
export async function meetHerd(herd: Herd): Promise<void> {
  try {
    const overview = await askFor<Overview>('/api/herd');
    herd.name = overview.herd;
    herd.openedOn = overview.server;
    for (const { name, httpUrl } of overview.servers) herd.meet(name, httpUrl ?? '');
    for (const [a, b] of overview.talks) herd.join(a, b);
    // Where nobody has links, all spread by the engine, also those that are not heard.
    const alike = overview.bucket !== null && overview.talks.length === 0;
    if (alike) for (const { name } of overview.servers) herd.joinEngine(name);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, callAgainMs));
    await meetHerd(herd);
  }
}

/** Hears one server, for ever: what it is, all that it holds, and then whatever happens. */
export class Feed {
  /** Ends the stream that is read; undefined while none is. */
  private stream: AbortController | undefined;
  /** When the stream last told of each end: of what was asked before that, the answer is older. */
  private readonly toldAtMs = new Map<string, number>();

  constructor(
    private readonly herd: Herd,
    private readonly listener: Listener,
    private readonly server: Server,
  ) {
    void this.call();
  }

  /** Asks again what the server is: the reader may have become another. */
  async ask(): Promise<void> {
    const askedAtMs = performance.now();
    this.take(await askFor<Overview>(`${this.server.url}/api/herd`), askedAtMs);
  }

  private async call(): Promise<void> {
    try {
      await this.ask();
      await this.listen();
    } catch {
      // It is called again, whatever the reason.
    }
    this.lose();
  }

  private take(overview: Overview, askedAtMs: number): void {
    const { herd, server } = this;
    const isNewer = (far: string) => (this.toldAtMs.get(far) ?? -Infinity) < askedAtMs;
    server.connections = overview.clients;
    server.hold = overview.hold;
    server.ready = overview.ready;
    server.countMax = overview.upstream?.countMax ?? server.countMax;
    herd.administering = overview.administration;
    for (const link of overview.links) {
      if (isNewer(link.neighbour)) this.linkIs(link);
      const end = herd.end(server.name, link.neighbour);
      if (end !== undefined) end.fault = link.fault ?? { kind: 'none' };
    }
    if (overview.bucket !== null && isNewer(engine)) this.bucketIs(overview.bucket);
    herd.changed();
  }

  private linkIs({ neighbour, ...told }: LinkTold): void {
    this.endIs(neighbour, told);
  }

  private bucketIs(told: EndTold): void {
    this.herd.joinEngine(this.server.name);
    this.endIs(engine, told);
  }

  private endIs(far: string, { state, sinceMs = 0, retryInMs, reason, waiting = 0 }: EndTold): void {
    const nowMs = performance.now();
    const retryAtMs = state === 'backoff' || state === 'away' || state === 'blocked' ? nowMs + retryInMs : 0;
    this.herd.end(this.server.name, far)?.enter({ state, sinceMs: nowMs - sinceMs, retryAtMs, reason, waiting });
    this.herd.changed();
  }

  /** Listens first and asks for everything afterwards, so that nothing falls in between. Resolves when the stream ends. */
  private async listen(): Promise<void> {
    const stream = new AbortController();
    this.stream = stream;
    const refill = new Refill(() => this.askForAll(stream.signal), stream.signal);
    await readEvents(`${this.server.url}/api/events`, stream.signal, {
      opened: () => {
        this.server.reach = 'reached';
        this.herd.changed();
        // A link may have changed since the server was asked, and before it was listened to.
        this.ask().catch(() => undefined);
        refill.want();
      },
      heard: (kind, data) => {
        if (kind === 'lost' || kind === 'remembered') refill.want();
        const said: unknown = JSON.parse(data);
        if (isSaid(said)) this.hear(kind, said);
      },
    });
  }

  /** What is not understood changes nothing here, and stands among the events all the same: the server may be of another version. */
  private hear(kind: string, data: Said): void {
    const { server, herd, listener } = this;
    if (kind === 'learned') {
      if (isLearned(data)) listener.learned(server, data.from, data.locations);
    } else if (kind === 'fetched') {
      if (isLocation(data)) listener.told(server, [data]);
    } else if (kind === 'link') {
      if (isLink(data)) {
        this.toldAtMs.set(data.neighbour, performance.now());
        this.linkIs(data);
      }
    } else if (kind === 'bucket') {
      if (isEnd(data)) {
        this.toldAtMs.set(engine, performance.now());
        this.bucketIs(data);
      }
    } else if (kind === 'client' && typeof data['clients'] === 'number') {
      server.connections = data['clients'];
      herd.changed();
    }
    listener.happened({ server: server.name, kind, data });
  }

  /** @throws if an answer does not come */
  private async askForAll(signal: AbortSignal): Promise<void> {
    for (let next: number | null = 0; next !== null;) {
      const url = `${this.server.url}/api/clients?limit=${pageSize}&after=${next}`;
      const page: ClientsPage = await askFor<ClientsPage>(url);
      // What comes from a server that was lost meanwhile is not of this stream.
      if (signal.aborted) return;
      this.listener.told(this.server, page.clients);
      next = page.next;
    }
  }

  private lose(): void {
    this.stream?.abort();
    this.stream = undefined;
    const { server, herd } = this;
    if (server.reach !== 'away') {
      server.reach = 'away';
      const sinceMs = performance.now();
      for (const end of herd.endsOf(server.name)) {
        end.enter({ state: 'unknown', sinceMs, retryAtMs: 0, waiting: 0, reason: `${server.name} is not heard` });
      }
      herd.changed();
      this.listener.lost(server);
    }
    setTimeout(() => void this.call(), callAgainMs);
  }
}
