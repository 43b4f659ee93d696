import type { HerdEvent } from '../../../actors/bus/events.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { locationJsonOf } from './location-json.js';
import type { SseReader } from './sse-client.js';

/** What is told of to those who look at a server: everything but the lines, and what is only counted. */
const kinds = [
  'link',
  'clock',
  'locations-learned',
  'locations-remembered',
  'location-forgotten',
  'location-fetched',
  'client-connected',
  'client-disconnected',
  'client-refused',
  'server',
  'dead-letter',
  'actor-failed',
  'peer-refused',
  'upstream-failed',
  'upstream',
  'upstream-budget',
  'administration',
  'bucket',
  'bucket-warning',
  'warning',
] as const satisfies readonly HerdEvent['kind'][];

type ToldEvent = Extract<HerdEvent, { kind: (typeof kinds)[number] }>;

/** What happens in a server, for those who read along. While nobody does, it does not listen. */
export class EventFeed {
  private readonly readers = new Set<SseReader>();
  private unlisten: (() => void)[] = [];

  constructor(private readonly bus: MessageBus) {}

  get size(): number {
    return this.readers.size;
  }

  add(reader: SseReader): void {
    this.readers.add(reader);
    if (this.readers.size === 1) this.unlisten = kinds.map((kind) => this.bus.on(kind, (event) => this.tell(event)));
  }

  remove(reader: SseReader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) for (const end of this.unlisten.splice(0)) end();
  }

  end(): void {
    for (const reader of this.readers) reader.end();
  }

  private tell(event: ToldEvent): void {
    let told: { readonly name: string; readonly text: string } | undefined;
    for (const reader of this.readers) {
      if (!reader.hasRoom) {
        reader.lose();
        continue;
      }
      // One text for all readers, made if one of them has room.
      told ??= textOf(event);
      reader.send(told.name, told.text);
    }
  }
}

function textOf(event: ToldEvent): { readonly name: string; readonly text: string } {
  const { name, data } = toldOf(event);
  return { name, text: JSON.stringify(data) };
}

function toldOf(event: ToldEvent): { readonly name: string; readonly data: unknown } {
  switch (event.kind) {
    case 'locations-learned': {
      const { from, locations } = event;
      return { name: 'learned', data: { from: from ?? null, locations: locations.map(locationJsonOf) } };
    }
    case 'locations-remembered':
      return { name: 'remembered', data: { count: event.locations.length } };
    case 'location-forgotten':
      return { name: 'forgotten', data: locationJsonOf(event.location) };
    case 'location-fetched':
      return { name: 'fetched', data: locationJsonOf(event.location) };
    case 'client-connected':
    case 'client-disconnected':
    case 'client-refused': {
      const { kind, transport, far, reason, clients } = event;
      return { name: 'client', data: { change: kind.slice('client-'.length), transport, far, reason, clients } };
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
      return { name: kind, data };
    }
  }
}
