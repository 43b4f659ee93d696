import type { HerdEvent } from '../../../actors/bus/events.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { eventUses, type EventKind } from '../../observe/event-uses.js';
import type { EventData } from './api-types.js';
import { toLocationJson } from './location-json.js';
import type { SseClient } from './sse-client.js';

/** Kinds of events that the stream sends. */
const publishedKinds = Object.entries(eventUses)
  .filter(([, { isStreamed }]) => isStreamed)
  .map(([kind]) => kind as PublishedEvent['kind']);

type PublishedEvent = Extract<HerdEvent, { kind: EventKind<'isStreamed'> }>;

/** An event of the stream: its name and data. */
type SseMessage = {
  [Name in keyof EventData]: { readonly name: Name; readonly data: EventData[Name] };
}[keyof EventData];

/** Sends the events of a server to SSE clients. Without clients it is not subscribed to the bus. */
export class EventFeed {
  private readonly clients = new Set<SseClient>();
  private unsubscribes: (() => void)[] = [];

  constructor(private readonly bus: MessageBus) {}

  get size(): number {
    return this.clients.size;
  }

  add(client: SseClient): void {
    this.clients.add(client);
    if (this.clients.size === 1)
      this.unsubscribes = publishedKinds.map((kind) => this.bus.on(kind, (event) => this.publish(event)));
  }

  remove(client: SseClient): void {
    this.clients.delete(client);
    if (this.clients.size === 0) for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
  }

  end(): void {
    for (const client of this.clients) client.end();
  }

  private publish(event: PublishedEvent): void {
    // A partition that moves away has many locations; `partitions` says that it does.
    if (event.kind === 'location-evicted' && event.reason === 'moved') return;
    let message: { readonly name: string; readonly text: string } | undefined;
    for (const client of this.clients) {
      if (!client.isWritable) {
        client.countDropped();
        continue;
      }
      // Serialized at most once, and only if a client has room.
      message ??= serializeEvent(event);
      client.send(message.name, message.text);
    }
  }
}

function serializeEvent(event: PublishedEvent): { readonly name: string; readonly text: string } {
  const { name, data } = toSseMessage(event);
  return { name, text: JSON.stringify(data) };
}

function toSseMessage(event: PublishedEvent): SseMessage {
  switch (event.kind) {
    case 'locations-learned': {
      const { from, batch } = event;
      return { name: 'learned', data: { from: from ?? null, locations: Array.from(batch, toLocationJson) } };
    }
    case 'locations-restored':
      return { name: 'restored', data: { count: event.locations.length } };
    case 'location-evicted':
      return { name: 'evicted', data: toLocationJson(event.location) };
    case 'client-connected':
    case 'client-disconnected':
    case 'client-rejected': {
      const { kind, transport, remoteAddress, reason, clients } = event;
      return { name: 'client', data: { change: clientChanges[kind], transport, remoteAddress, reason, clients } };
    }
    case 'actor-failed': {
      const { kind, address, directive, error } = event;
      return { name: kind, data: { address, directive, error: String(error) } };
    }
    case 'upstream-budget': {
      const { kind, limit, waitMs } = event;
      // JSON has no Infinity.
      return { name: kind, data: { limit, waitMs: Number.isFinite(waitMs) ? waitMs : null } };
    }
    default: {
      const { kind, ...data } = event;
      // TypeScript does not see that name and data are of the same event.
      return { name: kind, data } as SseMessage;
    }
  }
}

const clientChanges = {
  'client-connected': 'connected',
  'client-disconnected': 'disconnected',
  'client-rejected': 'rejected',
} as const;
