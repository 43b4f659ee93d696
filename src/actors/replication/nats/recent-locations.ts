import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import { drawHashKey } from '../../store/hash-key.js';
import { HashTrie } from './hash-trie.js';
import { locationBytes } from '../../store/location-bytes.js';
import type { Random } from '../../ports/random.js';

/** A link of a ring; at first of a ring of its own. A class, because there may be a million: they take a third of what others would. */
class Link {
  older: Link = this;
  newer: Link = this;
}

/** A client's place in the order in which clients were last touched. One that is kept is a ring of its own. */
class Place extends Link {
  constructor(public location: Location) {
    super();
  }
}

/**
 * One location a client, in the order in which clients were last touched. A list through the entries themselves: a map that is
 * kept in order by deleting and adding must be put together anew now and then, which a million clients would feel.
 */
export class RecentLocations {
  private readonly places: HashTrie<Place>;
  /** Where the ring begins and ends: next to it, the newest on one side and the oldest on the other. */
  private readonly end = new Link();
  private count = 0;
  private heldBytes = 0;
  private kept = 0;
  private keptBytes = 0;

  /** @param keptMax clients, and bytes of their locations, that can be kept from being taken */
  constructor(
    private readonly keptMax: { readonly clients: number; readonly bytes: number },
    random: Random,
  ) {
    this.places = new HashTrie<Place>(drawHashKey(random));
  }

  /** How many clients there are. */
  get size(): number {
    return this.count;
  }

  /** Bytes of memory that the locations take: see `locationBytes`. */
  get bytes(): number {
    return this.heldBytes;
  }

  /** Where a client is. It is no touch. */
  get(client: ClientId): Location | undefined {
    return this.places.get(client)?.location;
  }

  /** What is held of the client of a location. */
  rivalOf({ client }: Location): Location | undefined {
    return this.places.get(client)?.location;
  }

  /** Holds a location. A client that was not held is the last one touched; for another it is no touch. */
  put(location: Location): void {
    const { client } = location;
    const place = this.places.get(client);
    if (place !== undefined) {
      const change = location.line.length - place.location.line.length;
      this.heldBytes += change;
      if (isAlone(place)) this.keptBytes += change;
      place.location = location;
      return;
    }
    const added = new Place(location);
    this.places.set(client, added);
    this.count += 1;
    this.heldBytes += locationBytes(location);
    this.addNewest(added);
  }

  /** Makes a client, if it is held, the last one touched. */
  touch(client: ClientId): void {
    const place = this.places.get(client);
    if (place === undefined || isAlone(place)) return;
    takeOut(place);
    this.addNewest(place);
  }

  /** Keeps a client that is held from being taken, if there are not too many of those already. */
  keep(client: ClientId): void {
    const place = this.places.get(client);
    if (place === undefined || isAlone(place) || this.kept >= this.keptMax.clients) return;
    const bytes = locationBytes(place.location);
    if (this.keptBytes + bytes > this.keptMax.bytes) return;
    takeOut(place);
    this.kept += 1;
    this.keptBytes += bytes;
  }

  /** Keeps it no more: it is the last one touched. */
  release(client: ClientId): void {
    const place = this.places.get(client);
    if (place === undefined || !isAlone(place)) return;
    this.kept -= 1;
    this.keptBytes -= locationBytes(place.location);
    this.addNewest(place);
  }

  /** Takes out the client that was touched least recently. */
  takeOldest(): Location | undefined {
    const oldest = this.end.newer;
    if (!(oldest instanceof Place)) return undefined;
    takeOut(oldest);
    const { location } = oldest;
    this.places.delete(location.client);
    this.count -= 1;
    this.heldBytes -= locationBytes(location);
    return location;
  }

  /** Locations from a cursor on, until there are `max` or somewhat more, and the cursor that comes next: see `HashTrie`. */
  page(from: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const places: Place[] = [];
    const next = this.places.collect(from, max, places);
    return { locations: places.map(({ location }) => location), next };
  }

  private addNewest(link: Link): void {
    const { end } = this;
    link.older = end.older;
    link.newer = end;
    end.older.newer = link;
    end.older = link;
  }
}

function isAlone(link: Link): boolean {
  return link.newer === link;
}

function takeOut(link: Link): void {
  link.older.newer = link.newer;
  link.newer.older = link.older;
  link.older = link;
  link.newer = link;
}
