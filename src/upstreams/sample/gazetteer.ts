import { around } from 'geokdbush';
import KDBush from 'kdbush';

/** What the names of a place's surroundings are; many places share one. */
export interface Region {
  /** The first-level division, such as a state; some places have none. */
  readonly name: string | undefined;
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
const radiusKmMax = Math.PI * 6371;

/** Populated places of the world and where they are. Held by columns: one object a place would take several times the memory. */
export class Gazetteer {
  readonly #names: readonly string[];
  readonly #regions: readonly Region[];
  readonly #latitudes: Float64Array;
  readonly #longitudes: Float64Array;
  readonly #index: KDBush;

  /** @param places in an order that stays: it numbers them */
  constructor(places: Iterable<Omit<Place, 'number'>>) {
    const names: string[] = [];
    const regions: Region[] = [];
    const latitudes: number[] = [];
    const longitudes: number[] = [];
    for (const place of places) {
      names.push(place.name);
      regions.push(place.region);
      latitudes.push(place.latitude);
      longitudes.push(place.longitude);
    }
    this.#names = names;
    this.#regions = regions;
    this.#latitudes = Float64Array.from(latitudes);
    this.#longitudes = Float64Array.from(longitudes);
    this.#index = indexOf(this.#longitudes, this.#latitudes);
  }

  get size(): number {
    return this.#names.length;
  }

  /** The places of a circle, nearest first, `countMax` at most. */
  nearest(circle: Circle, countMax: number): Place[] {
    const radiusKm = Math.min(circle.radiusKm, radiusKmMax);
    const numbers = around(this.#index, circle.longitude, circle.latitude, countMax, radiusKm);
    return numbers.map((number) => this.#place(number));
  }

  #place(number: number): Place {
    const name = this.#names[number];
    const region = this.#regions[number];
    const latitude = this.#latitudes[number];
    const longitude = this.#longitudes[number];
    if (name === undefined || region === undefined || latitude === undefined || longitude === undefined) {
      throw new RangeError(`The gazetteer has no place ${number}.`);
    }
    return { number, name, region, latitude, longitude };
  }
}

function indexOf(longitudes: Float64Array, latitudes: Float64Array): KDBush {
  const index = new KDBush(longitudes.length);
  for (const [number, longitude] of longitudes.entries()) index.add(longitude, latitudes[number] ?? NaN);
  return index.finish();
}
