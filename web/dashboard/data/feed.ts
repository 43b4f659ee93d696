import type { HerdResponse, ListResponse } from '../../../src/runtime/http/api/api-types.js';
import { requestJson } from './http.js';
import { readEvents } from './event-stream.js';
import { broker, type Herd, type Server } from './herd.js';
import type { ClientLocation } from './locations.js';
import { Resync } from './resync.js';
import {
  isEndpointUpdate,
  isLearnedUpdate,
  isLinkUpdate,
  isPartitions,
  isStreamData,
  type EndpointUpdate,
  type LinkUpdate,
  type StreamData,
} from './server-messages.js';

/** Event of a server's event stream. */
export interface ServerStreamEvent {
  readonly server: string;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Receives what the feeds of all servers read. */
export interface FeedListener {
  located(server: Server, locations: readonly ClientLocation[]): void;
  learned(server: Server, from: string | null, locations: readonly ClientLocation[]): void;
  occurred(event: ServerStreamEvent): void;
  /** The event stream of a server has ended. */
  disconnected(server: Server): void;
}

/** Pause before reconnecting, in milliseconds. */
const reconnectDelayMs = 1_000;

/** Locations per page of `GET /api/clients`. */
const pageSize = 1_000;

/**
 * Reads the members and the topology of the herd from the server that served the page. Retries until it succeeds.
 */
export async function discoverHerd(herd: Herd): Promise<void> {
  try {
    const overview = await requestJson<HerdResponse>('/api/herd');
    herd.name = overview.herd;
    herd.openedOn = overview.server;
    for (const { name, httpUrl } of overview.servers) herd.addServer(name, httpUrl ?? '');
    for (const [a, b] of overview.topology) herd.addLink(a, b);
    // Without links all servers replicate over the broker, including unreachable ones.
    const replicatesOverBrokerOnly = overview.nats !== null && overview.topology.length === 0;
    if (replicatesOverBrokerOnly) for (const { name } of overview.servers) herd.addBrokerLink(name);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs));
    await discoverHerd(herd);
  }
}

/** Follows one server: its status, all its locations, and then its events. Reconnects indefinitely. */
export class Feed {
  /** Aborts the open stream; undefined while there is none. */
  private stream: AbortController | undefined;
  /** Time of the last event per neighbour. The response to a request sent earlier is older than that event. */
  private readonly updatedAtMs = new Map<string, number>();

  constructor(
    private readonly herd: Herd,
    private readonly listener: FeedListener,
    private readonly server: Server,
  ) {
    void this.connect();
  }

  /** Fetches the server's status again, for example after the user has submitted a token. */
  async refresh(): Promise<void> {
    const requestedAtMs = performance.now();
    this.applyOverview(await requestJson<HerdResponse>(`${this.server.url}/api/herd`), requestedAtMs);
  }

  private async connect(): Promise<void> {
    try {
      await this.refresh();
      await this.listen();
    } catch {
      // Reconnected below, whatever the reason.
    }
    this.disconnect();
  }

  private applyOverview(overview: HerdResponse, requestedAtMs: number): void {
    const { herd, server } = this;
    const isNewer = (neighbour: string) => (this.updatedAtMs.get(neighbour) ?? -Infinity) < requestedAtMs;
    server.connections = overview.connections;
    server.memberCount = overview.nats?.members.length ?? 0;
    server.partitions = overview.nats?.partitions;
    server.ready = overview.ready;
    server.maxCount = overview.upstream.maxCount;
    herd.adminAccess = overview.adminAccess;
    for (const link of overview.links) {
      if (isNewer(link.neighbour)) this.updateLink(link);
      const end = herd.end(server.name, link.neighbour);
      if (end !== undefined) end.fault = link.injectedFault;
    }
    if (overview.nats !== null && isNewer(broker)) this.updateBrokerLink(overview.nats);
    herd.markChanged();
  }

  private updateLink({ neighbour, ...status }: LinkUpdate): void {
    this.updateEnd(neighbour, status);
  }

  private updateBrokerLink(status: EndpointUpdate): void {
    this.herd.addBrokerLink(this.server.name);
    this.updateEnd(broker, status);
  }

  private updateEnd(neighbour: string, { state, sinceMs = 0, retryInMs, reason }: EndpointUpdate): void {
    const nowMs = performance.now();
    const retryAtMs = state === 'backoff' ? nowMs + retryInMs : 0;
    this.herd.end(this.server.name, neighbour)?.update({ state, sinceMs: nowMs - sinceMs, retryAtMs, reason });
    this.herd.markChanged();
  }

  /** Opens the stream before fetching all clients, so that no update is missed. Resolves when the stream ends. */
  private async listen(): Promise<void> {
    const stream = new AbortController();
    this.stream = stream;
    const resync = new Resync(() => this.fetchClients(stream.signal), stream.signal);
    await readEvents(`${this.server.url}/api/events`, stream.signal, {
      onOpen: () => {
        this.server.reach = 'connected';
        this.herd.markChanged();
        // A link may have changed between the first request and the opening of the stream.
        this.refresh().catch(() => undefined);
        resync.request();
      },
      onEvent: (kind, data) => {
        if (kind === 'dropped' || kind === 'restored') resync.request();
        const message: unknown = JSON.parse(data);
        if (isStreamData(message)) this.handleEvent(kind, message);
      },
    });
  }

  /** Applies an event. Unknown ones, for example of another version, are only listed. */
  private handleEvent(kind: string, data: StreamData): void {
    const { server, herd, listener } = this;
    if (kind === 'learned') {
      if (isLearnedUpdate(data)) listener.learned(server, data.from, data.locations);
    } else if (kind === 'link') {
      if (isLinkUpdate(data)) {
        this.updatedAtMs.set(data.neighbour, performance.now());
        this.updateLink(data);
      }
    } else if (kind === 'nats') {
      if (isEndpointUpdate(data)) {
        this.updatedAtMs.set(broker, performance.now());
        this.updateBrokerLink(data);
      }
    } else if (kind === 'partitions') {
      if (isPartitions(data)) server.partitions = data;
      herd.markChanged();
    } else if (kind === 'members' && Array.isArray(data['members'])) {
      server.memberCount = data['members'].length;
      herd.markChanged();
    } else if (kind === 'client' && typeof data['clients'] === 'number') {
      server.connections = data['clients'];
      herd.markChanged();
    }
    listener.occurred({ server: server.name, kind, data });
  }

  /** @throws if a page cannot be fetched */
  private async fetchClients(signal: AbortSignal): Promise<void> {
    for (let next: number | null = 0; next !== null;) {
      const url = `${this.server.url}/api/clients?limit=${pageSize}&after=${next}`;
      const page: ListResponse = await requestJson<ListResponse>(url);
      // A page that arrives after the stream has ended is out of date.
      if (signal.aborted) return;
      this.listener.located(this.server, page.clients);
      next = page.next;
    }
  }

  private disconnect(): void {
    this.stream?.abort();
    this.stream = undefined;
    const { server, herd } = this;
    if (server.reach !== 'disconnected') {
      server.reach = 'disconnected';
      const sinceMs = performance.now();
      for (const end of herd.endsOf(server.name)) {
        end.update({ state: 'unknown', sinceMs, retryAtMs: 0, reason: `${server.name} is unreachable` });
      }
      herd.markChanged();
      this.listener.disconnected(server);
    }
    setTimeout(() => void this.connect(), reconnectDelayMs);
  }
}
