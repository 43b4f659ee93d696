import { everyone } from '../../protocol/client/command.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import type { Hold } from '../ports/hold.js';
import { addresses, type ConnectionMessage, type WatchMessage, type WatchQuestion } from '../bus/messages.js';
import type { SharedLimits } from '../server/shared-limits.js';

type Watcher = Address<ConnectionMessage>;

/** Connections that may watch the same, one client or all: each costs a line whenever that changes. */
export const watchersMax = 1_000;

/** Clients that one connection may watch by name. */
export const watchedMax = 1_000;

/**
 * Knows which connection watches what, and tells it of changes. What nobody watches costs it a look-up; the rest, a message to
 * each connection for all that came together.
 */
export class Watch implements Actor<WatchMessage> {
  /** Who watches a client; `everyone` is one of them. */
  private readonly watchers = new Map<ClientId, Set<Watcher>>();
  /** The same the other way round. */
  private readonly watched = new Map<Watcher, Set<ClientId>>();

  /**
   * @param hold which clients the store holds: it is told who is watched if that is not everybody
   * @param shared is told how many connections watch all clients
   */
  constructor(
    private readonly bus: Bus,
    private readonly hold: Hold = 'all',
    private readonly shared: Pick<SharedLimits, 'watchersOfAll'> = { watchersOfAll: 0 },
  ) {}

  receive(message: WatchMessage): void {
    switch (message.kind) {
      case 'watch':
        return this.begin(message, message.location);
      case 'unwatch':
        return this.end(message.watcher, message.client);
      case 'learned':
        return this.tell(message.locations);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const watcher of this.watched.keys()) this.bus.send(watcher, { kind: 'watch-lost' });
    for (const client of this.watchers.keys()) this.tellStore('unwatched', client);
    this.watchers.clear();
    this.watched.clear();
    this.countThoseOfAll();
    this.publishCount();
  }

  private begin({ client, replyTo, question }: WatchQuestion, location: Location | undefined): void {
    const watchers = this.watchers.get(client) ?? new Set();
    const watched = this.watched.get(replyTo) ?? new Set();
    if (watched.has(client)) return this.bus.send(replyTo, { kind: 'watch-begun', question, location: undefined });
    if (watchers.size >= watchersMax || watched.size >= watchedMax) {
      return this.bus.send(replyTo, { kind: 'watch-refused', question });
    }
    this.watchers.set(client, watchers.add(replyTo));
    this.watched.set(replyTo, watched.add(client));
    this.countThoseOfAll();
    this.bus.send(replyTo, { kind: 'watch-begun', question, location: client === everyone ? undefined : location });
    if (watchers.size === 1) this.tellStore('watched', client);
    if (watched.size === 1) this.publishCount();
  }

  private end(watcher: Watcher, client: ClientId | undefined): void {
    const watched = this.watched.get(watcher);
    if (watched === undefined) return;
    for (const each of client === undefined ? watched : [client]) this.forget(watcher, each);
    this.countThoseOfAll();
    if (client === undefined) watched.clear();
    else watched.delete(client);
    if (watched.size > 0) return;
    this.watched.delete(watcher);
    this.publishCount();
  }

  private forget(watcher: Watcher, client: ClientId): void {
    const watchers = this.watchers.get(client);
    if (watchers?.delete(watcher) !== true || watchers.size > 0) return;
    this.watchers.delete(client);
    this.tellStore('unwatched', client);
  }

  private tellStore(kind: 'watched' | 'unwatched', client: ClientId): void {
    if (this.hold === 'all' || client === everyone) return;
    this.bus.send(addresses.touchedStore, { kind, client });
  }

  private tell(locations: readonly Location[]): void {
    const ofAll = this.watchers.get(everyone);
    for (const watcher of ofAll ?? []) this.bus.send(watcher, { kind: 'changed', locations });
    // Where all that watch at all watch everyone, nobody is left to be told of single clients.
    if (ofAll?.size === this.watched.size) return;
    const ofSome = new Map<Watcher, Location[]>();
    for (const location of locations) {
      for (const watcher of this.watchers.get(location.client) ?? []) {
        if (ofAll?.has(watcher) === true) continue;
        const told = ofSome.get(watcher);
        if (told === undefined) ofSome.set(watcher, [location]);
        else told.push(location);
      }
    }
    for (const [watcher, told] of ofSome) this.bus.send(watcher, { kind: 'changed', locations: told });
  }

  private countThoseOfAll(): void {
    this.shared.watchersOfAll = this.watchers.get(everyone)?.size ?? 0;
  }

  private publishCount(): void {
    this.bus.publish({ kind: 'watchers', watchers: this.watched.size });
  }
}
