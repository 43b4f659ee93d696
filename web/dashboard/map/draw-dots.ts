import { trailPoints, type Locations } from '../data/locations.js';
import { serverColours, type Palette } from '../palette.js';
import { rgbOf, type Raster } from './raster.js';
import type { Viewport } from './viewport.js';

/** Maximum number of trail positions drawn; with many visible clients trails get shorter. */
const maxTrailPositions = 60_000;

/** Opacity of the newest part of a trail, 0 to 255. */
const trailAlpha = 150;

/** Input and target of `drawDots`. */
export interface Scene {
  readonly raster: Raster;
  readonly view: Viewport;
  readonly locations: Locations;
  readonly palette: Palette;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
  readonly nowMs: number;
}

/** Paints trail and dot of every visible client. */
export function drawDots(scene: Scene): void {
  const { raster, view, locations, palette, ratio, nowMs } = scene;
  const colours = Array.from({ length: serverColours }, (_, server) => rgbOf(palette.server(server)));
  const colourOf = (index: number): number => colours[(locations.firstServers[index] ?? 0) % serverColours] ?? 0;
  const visible = clientsInView(view, locations);
  raster.clear();
  raster.useDot(dotRadius(visible.length) * ratio);
  const places = Math.min(trailPoints, Math.floor(maxTrailPositions / Math.max(1, visible.length)));
  for (const index of visible) drawTrail(scene, index, places, colourOf(index));
  for (const index of visible) {
    const x = view.x(locations.longitudeAt(index, nowMs)) * ratio;
    raster.putDot(x, view.y(locations.latitudeAt(index, nowMs)) * ratio, colourOf(index));
  }
}

/** Radius of dots for a number of visible clients, in pixels. */
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

/** Paints a trail, fading from the dot back to older positions. */
function drawTrail(scene: Scene, index: number, maxLength: number, colour: number): void {
  const { raster, view, locations, ratio, nowMs } = scene;
  const count = locations.trailCounts[index] ?? 0;
  const places = Math.min(count, maxLength);
  let x = view.x(locations.longitudeAt(index, nowMs)) * ratio;
  let y = view.y(locations.latitudeAt(index, nowMs)) * ratio;
  // The newest position is the target of the dot.
  for (let back = 2; back <= places; back += 1) {
    const place = 2 * (index * trailPoints + ((count - back) % trailPoints));
    const nextX = view.x(locations.trails[place + 1] ?? 0) * ratio;
    const nextY = view.y(locations.trails[place] ?? 0) * ratio;
    // No line across the edge of the map.
    if (Math.abs(nextX - x) < 180 * view.scale * ratio) {
      raster.putLine(x, y, nextX, nextY, colour, Math.round(trailAlpha * (1 - (back - 1) / (places + 1))));
    }
    [x, y] = [nextX, nextY];
  }
}
