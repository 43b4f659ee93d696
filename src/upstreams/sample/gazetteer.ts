import { around } from 'geokdbush';
import KDBush from 'kdbush';

/** Region and country of a place; shared by many places. */
export interface Region {
  /** First-level division, such as a state; some places have none. */
  readonly name?: string | undefined;
  readonly country: string;
}

export interface Place {
  /** Unique index in the gazetteer, from 0. */
  readonly number: number;
  readonly name: string;
  readonly region: Region;
  /** Decimal degrees, north positive. */
  readonly latitude: number;
  /** Decimal degrees, east positive. */
  readonly longitude: number;
}

/** Points within a great-circle distance from a centre. */
export interface Circle {
  /** Decimal degrees, -90 to 90. */
  readonly latitude: number;
  /** Decimal degrees, -180 to 180. */
  readonly longitude: number;
  /** Kilometres, 0 or more. */
  readonly radiusKm: number;
}

/** Half the Earth's circumference as the index computes it: the largest distance. Beyond it the index's distances decrease again. */
const maxRadiusKm = Math.PI * 6371;

/** Alignment of the sections of an encoded gazetteer in bytes, so that typed arrays can view them in place. */
const alignment = 8;

const utf8 = new TextDecoder();

/**
 * Spatial index of the world's populated places. It views the encoded bytes in place and parses almost nothing, so it loads in
 * milliseconds.
 */
export class Gazetteer {
  readonly #index: KDBush;
  /** Position of each place in the index, by its number. */
  readonly #positions: Uint32Array;
  readonly #regions: readonly Region[];
  readonly #regionIndexes: Uint16Array;
  /** Offset in `#names` at which each place's name begins, and one more for the end of the last. */
  readonly #nameStarts: Uint32Array;
  readonly #names: Uint8Array;

  /**
   * @param data the output of `encodeGazetteer`, on a machine of the same byte order
   * @throws Error or RangeError if it is anything else
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

  /** Finds the places within a circle, nearest first, at most `maxCount`. */
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
 * Encodes places for a `Gazetteer`: the spatial index, and after it, each aligned to 8 bytes, the offsets of the names (32 bits
 * each), the region index of each place (16 bits each), the names in UTF-8, and the regions as JSON. The output is deterministic.
 *
 * @param places in a stable order, which numbers them; places of one region share the region object
 * @throws RangeError if there are more than 65,536 regions
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
  if (regions.size > 2 ** 16) throw new RangeError(`too many regions: ${regions.size} (maximum 65536)`);
  const sections = [new Uint8Array(index.finish().data), asBytes(nameStarts), asBytes(regionIndexes), names];
  return Buffer.concat([...sections.map(padToAlignment), Buffer.from(JSON.stringify([...regions.keys()]), 'utf8')]);
}

function asBytes({ buffer, byteOffset, byteLength }: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function padToAlignment(section: Uint8Array): Uint8Array {
  return Buffer.concat([section], Math.ceil(section.length / alignment) * alignment);
}
