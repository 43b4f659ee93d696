import { trailPoints, type Locations } from '../data/locations.js';
import { serverColours, type Palette } from './palette.js';
import { rgbOf, type Raster } from './raster.js';
import type { Viewport } from './viewport.js';

/** Trails are drawn from so many places in all; with many clients in sight each trail gets shorter. */
const maxTrailPlaces = 60_000;

/** How strong the newest part of a trail is, 0 to 255. */
const trailAlpha = 150;

/** What dots are painted on, and from. */
export interface Scene {
  readonly raster: Raster;
  readonly view: Viewport;
  readonly locations: Locations;
  readonly palette: Palette;
  /** Device pixels a pixel. */
  readonly ratio: number;
  readonly nowMs: number;
}

/** Paints the trail and the dot of every client in sight. */
export function drawDots(scene: Scene): void {
  const { raster, view, locations, palette, ratio, nowMs } = scene;
  const colours = Array.from({ length: serverColours }, (_, server) => rgbOf(palette.server(server)));
  const colourOf = (index: number): number => colours[(locations.firstServers[index] ?? 0) % serverColours] ?? 0;
  const visible = clientsInView(view, locations);
  raster.clear();
  raster.useDot(dotRadius(visible.length) * ratio);
  const places = Math.min(trailPoints, Math.floor(maxTrailPlaces / Math.max(1, visible.length)));
  for (const index of visible) drawTrail(scene, index, places, colourOf(index));
  for (const index of visible) {
    const x = view.x(locations.longitudeAt(index, nowMs)) * ratio;
    raster.putDot(x, view.y(locations.latitudeAt(index, nowMs)) * ratio, colourOf(index));
  }
}

/** How large a dot is among so many, in pixels. */
function dotRadius(count: number): number {
  return count > 3_000 ? 1.5 : count > 500 ? 2.2 : count > 60 ? 3.2 : 4.5;
}

function clientsInView(view: Viewport, { count, latitudes, longitudes }: Locations): number[] {
  const margin = 20 / view.scale;
  const [west, east] = [view.longitudeAt(0) - margin, view.longitudeAt(view.width) + margin];
  const [north, south] = [view.latitudeAt(0) + margin, view.latitudeAt(view.height) - margin];
  const visible: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const [latitude, longitude] = [latitudes[index] ?? 0, longitudes[index] ?? 0];
    if (longitude >= west && longitude <= east && latitude >= south && latitude <= north) visible.push(index);
  }
  return visible;
}

/** From where the dot is drawn now back through the places it was reported at, fading. */
function drawTrail(scene: Scene, index: number, maxPlaces: number, colour: number): void {
  const { raster, view, locations, ratio, nowMs } = scene;
  const count = locations.trailCounts[index] ?? 0;
  const places = Math.min(count, maxPlaces);
  let x = view.x(locations.longitudeAt(index, nowMs)) * ratio;
  let y = view.y(locations.latitudeAt(index, nowMs)) * ratio;
  // The newest place is where the dot glides to.
  for (let back = 2; back <= places; back += 1) {
    const place = 2 * (index * trailPoints + ((count - back) % trailPoints));
    const nextX = view.x(locations.trails[place + 1] ?? 0) * ratio;
    const nextY = view.y(locations.trails[place] ?? 0) * ratio;
    // Over the edge of the map there is no line.
    if (Math.abs(nextX - x) < 180 * view.scale * ratio) {
      raster.putLine(x, y, nextX, nextY, colour, Math.round(trailAlpha * (1 - (back - 1) / (places + 1))));
    }
    [x, y] = [nextX, nextY];
  }
}
