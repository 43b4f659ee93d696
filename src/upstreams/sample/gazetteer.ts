import { around } from 'geokdbush';
import KDBush from 'kdbush';

/** What the names of a place's surroundings are; many places share one. */
export interface Region {
  /** The first-level division, such as a state; some places have none. */
  readonly name?: string | undefined;
  readonly country: string;
}

export interface Place {
  /** Its place in the gazetteer's order: from 0, no two alike. */
  readonly number: number;
  readonly name: string;
  readonly region: Region;
  /** Decimal degrees, north positive. */
  readonly latitude: number;
  /** Decimal degrees, east positive. */
  readonly longitude: number;
}

/** The points of the Earth no farther than a radius from a centre, on the great circle. */
export interface Circle {
  /** Decimal degrees, -90 to 90. */
  readonly latitude: number;
  /** Decimal degrees, -180 to 180. */
  readonly longitude: number;
  /** Kilometres, 0 or more. */
  readonly radiusKm: number;
}

/** Half the Earth's girth, as the index measures it: no place is farther. Beyond it the index's measure turns back. */
const maxRadiusKm = Math.PI * 6371;

/** Bytes to which sections of an encoded gazetteer are aligned, so that typed arrays can view them in place. */
const alignment = 8;

const utf8 = new TextDecoder();

/**
 * Populated places of the world and where they are, in a spatial index. Views the bytes that it is given and parses next to
 * nothing, so it is there in milliseconds.
 */
export class Gazetteer {
  readonly #index: KDBush;
  /** Where in the index each place stands, by its number. */
  readonly #positions: Uint32Array;
  readonly #regions: readonly Region[];
  readonly #regionIndexes: Uint16Array;
  /** Where in `#names` the name of each place begins; one more than there are places, for the end of the last. */
  readonly #nameStarts: Uint32Array;
  readonly #names: Uint8Array;

  /**
   * @param data what `encodeGazetteer` made, on a machine of the same byte order
   * @throws RangeError or Error if it is anything else
   */
  constructor(data: ArrayBuffer) {
    this.#index = KDBush.from(data);
    const { numItems, ids, coords } = this.#index;
    let offset = coords.byteOffset + coords.byteLength;
    const section = (bytes: number): number => {
      const start = offset;
      offset = Math.ceil((start + bytes) / alignment) * alignment;
      return start;
    };
    this.#nameStarts = new Uint32Array(data, section((numItems + 1) * 4), numItems + 1);
    this.#regionIndexes = new Uint16Array(data, section(numItems * 2), numItems);
    const namesBytes = this.#nameStarts[numItems] ?? 0;
    this.#names = new Uint8Array(data, section(namesBytes), namesBytes);
    this.#regions = JSON.parse(utf8.decode(new Uint8Array(data, offset))) as readonly Region[];
    this.#positions = new Uint32Array(numItems);
    for (const [position, number] of ids.entries()) this.#positions[number] = position;
  }

  get size(): number {
    return this.#index.numItems;
  }

  /** The places of a circle, nearest first, `maxCount` at most. */
  nearest(circle: Circle, maxCount: number): Place[] {
    const radiusKm = Math.min(circle.radiusKm, maxRadiusKm);
    const numbers = around(this.#index, circle.longitude, circle.latitude, maxCount, radiusKm);
    return numbers.map((number) => this.#place(number));
  }

  #place(number: number): Place {
    const position = this.#positions[number] ?? NaN;
    const region = this.#regions[this.#regionIndexes[number] ?? NaN];
    const longitude = this.#index.coords[2 * position];
    const latitude = this.#index.coords[2 * position + 1];
    if (region === undefined || latitude === undefined || longitude === undefined) {
      throw new RangeError(`The gazetteer has no place ${number}.`);
    }
    const name = utf8.decode(this.#names.subarray(this.#nameStarts[number], this.#nameStarts[number + 1]));
    return { number, name, region, latitude, longitude };
  }
}

/**
 * Encodes places for a `Gazetteer`: the spatial index, and behind it, each aligned to 8 bytes, where names start (32 bits each),
 * the region of each place (16 bits each), the names in UTF-8, and the regions as JSON. The same places make the same bytes.
 *
 * @param places in an order that stays: it numbers them; those of one region have the same object
 * @throws RangeError for more regions than 16 bits number
 */
export function encodeGazetteer(places: readonly Omit<Place, 'number'>[]): Uint8Array {
  const index = new KDBush(places.length);
  const nameStarts = new Uint32Array(places.length + 1);
  const regionIndexes = new Uint16Array(places.length);
  const regions = new Map<Region, number>();
  const names = Buffer.from(places.map(({ name }) => name).join(''), 'utf8');
  for (const [number, { name, region, latitude, longitude }] of places.entries()) {
    index.add(longitude, latitude);
    nameStarts[number + 1] = (nameStarts[number] ?? 0) + Buffer.byteLength(name, 'utf8');
    if (!regions.has(region)) regions.set(region, regions.size);
    regionIndexes[number] = regions.get(region) ?? 0;
  }
  if (regions.size > 2 ** 16) throw new RangeError(`${regions.size} regions are more than 16 bits can number`);
  const sections = [new Uint8Array(index.finish().data), asBytes(nameStarts), asBytes(regionIndexes), names];
  return Buffer.concat([...sections.map(padToAlignment), Buffer.from(JSON.stringify([...regions.keys()]), 'utf8')]);
}

function asBytes({ buffer, byteOffset, byteLength }: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function padToAlignment(section: Uint8Array): Uint8Array {
  return Buffer.concat([section], Math.ceil(section.length / alignment) * alignment);
}
