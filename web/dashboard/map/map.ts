import { distanceKm, reachOf, shownKm, type Circle, type Position } from '../data/circle.js';
import { byId } from '../dom.js';
import { listenToGestures } from './map-gestures.js';
import type { Locations } from '../data/locations.js';
import { drawDots } from './draw-dots.js';
import { drawMarks } from './draw-marks.js';
import { drawNearby } from './draw-nearby.js';
import { drawWorld } from './draw-world.js';
import type { Palette } from '../palette.js';
import { Raster } from './raster.js';
import type { NearbyPlace, Selection } from '../data/selection.js';
import { Viewport } from './viewport.js';
import type { Land } from './world.js';

/** Maximum device pixels per CSS pixel: a finer resolution costs more than it shows. */
const maxRatio = 2;

/** Maximum distance of a tap from a dot, in pixels. */
const tapRadiusPixels = 16;

/** Maximum distance of a tap from the centre of a search result, in pixels. */
const nearbyRadiusPixels = 10;

/** Minimum zoom for a client found by its ID, in pixels per degree: about a country. */
const selectedScale = 40;

/** World map of three canvas layers, each repainted only when its input has changed. */
export class WorldMap {
  readonly view = new Viewport();
  private readonly container = byId('map', HTMLElement);
  private readonly world = contextOf('map-world');
  private readonly dots = contextOf('map-dots');
  private readonly marks = contextOf('map-marks');
  private readonly raster = new Raster();
  private land: readonly Land[] = [];
  private hovered: number | undefined;
  private ratio = 1;
  private painted = { world: '', dots: '', marks: '' };

  constructor(
    private readonly locations: Locations,
    private readonly selection: Selection,
    private readonly palette: Palette,
  ) {
    this.resize();
    new ResizeObserver(() => this.resize()).observe(this.container);
    listenToGestures(this.container, {
      pan: (dx, dy) => this.moveManually(() => this.view.pan(dx, dy)),
      zoom: (factor, x, y) => this.view.zoom(factor, x, y),
      tap: (x, y) => this.tap(x, y),
      point: (x, y) => this.point(x, y),
      leave: () => (this.hovered = undefined),
    });
    this.container.addEventListener('keydown', (event) => this.handleKey(event));
    byId('zoom-in', HTMLButtonElement).addEventListener('click', () => this.view.zoom(1.6));
    byId('zoom-out', HTMLButtonElement).addEventListener('click', () => this.view.zoom(1 / 1.6));
    byId('zoom-world', HTMLButtonElement).addEventListener('click', () =>
      this.moveManually(() => this.view.showWorld()),
    );
  }

  /** Sets the outline of the land. */
  show(land: readonly Land[]): void {
    this.land = land;
    this.painted.world = '';
  }

  /** Centres the map on the selected client. */
  goToSelected(): void {
    const index = this.selection.client === undefined ? undefined : this.locations.indexOf(this.selection.client);
    if (index === undefined) return;
    this.view.centre(this.locations.latitudes[index] ?? 0, this.locations.longitudes[index] ?? 0, selectedScale);
  }

  /** Centres the map on a position unless it is visible. */
  goTo(position: Position): void {
    if (!this.view.shows(position)) this.view.centre(...position);
  }

  /** Zooms to the search results in a circle. */
  goToResults({ centre, radiusKm }: Circle, places: readonly NearbyPlace[]): void {
    const distancesKm = places.flatMap(({ position }) =>
      position === undefined ? [] : [distanceKm(centre, position)],
    );
    this.view.fit(centre, reachOf({ centre, radiusKm: shownKm(radiusKm, distancesKm) }));
  }

  paint(nowMs: number): void {
    const { view, locations, selection, palette, ratio } = this;
    if (selection.following && selection.client !== undefined) {
      const index = locations.indexOf(selection.client);
      if (index !== undefined) this.keepInView(index, nowMs);
    }
    const baseKey = `${view.version} ${palette.version} ${ratio}`;
    if (this.painted.world !== baseKey) drawWorld(this.world, view, this.land, palette, ratio);
    const moving = locations.isMoving(nowMs) ? nowMs : 'still';
    const dots = `${baseKey} ${locations.updates} ${moving}`;
    if (this.painted.dots !== dots) {
      drawDots({ raster: this.raster, view, locations, palette, ratio, nowMs });
      this.raster.show(this.dots);
    }
    const marks = `${dots} ${selection.version} ${this.hovered ?? ''}`;
    if (this.painted.marks !== marks) {
      const { marks: context, hovered } = this;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, view.width, view.height);
      drawNearby(context, { view, selection, palette });
      drawMarks(context, { view, locations, selection, palette, nowMs, hovered });
    }
    this.painted = { world: baseKey, dots, marks };
  }

  private tap(x: number, y: number): void {
    const nearby = this.nearbyAt(x, y);
    if (nearby === undefined) this.selection.selectClient(this.clientAt(this.nearestClient(x, y)));
    else this.selection.highlight(nearby);
  }

  private point(x: number, y: number): void {
    const nearby = this.nearbyAt(x, y);
    this.hovered = nearby === undefined ? this.nearestClient(x, y) : undefined;
    if (nearby !== undefined) this.selection.highlight(nearby);
  }

  private keepInView(index: number, nowMs: number): void {
    const [latitude, longitude] = [this.locations.latitudeAt(index, nowMs), this.locations.longitudeAt(index, nowMs)];
    const [x, y] = [this.view.x(longitude), this.view.y(latitude)];
    const offset = Math.hypot(x - this.view.width / 2, y - this.view.height / 2);
    if (offset > 1) this.view.centre(latitude, longitude);
  }

  /** Moves the map and stops following the client. */
  private moveManually(move: () => void): void {
    if (this.selection.following) this.selection.follow(false);
    move();
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.container;
    this.ratio = Math.min(maxRatio, devicePixelRatio);
    this.view.resize(clientWidth, clientHeight);
    const [width, height] = [Math.round(clientWidth * this.ratio), Math.round(clientHeight * this.ratio)];
    for (const { canvas } of [this.world, this.dots, this.marks]) Object.assign(canvas, { width, height });
    this.raster.resize(Math.max(1, width), Math.max(1, height));
    this.painted = { world: '', dots: '', marks: '' };
  }

  private handleKey(event: KeyboardEvent): void {
    const step = event.shiftKey ? 200 : 50;
    const move = moves[event.key];
    if (move !== undefined) this.moveManually(() => this.view.pan(move[0] * step, move[1] * step));
    else if (event.key === '+' || event.key === '=') this.view.zoom(1.6);
    else if (event.key === '-') this.view.zoom(1 / 1.6);
    else if (event.key === '0') this.moveManually(() => this.view.showWorld());
    else if (event.key === 'n' || event.key === 'p') this.selectNext(event.key === 'n' ? 1 : -1);
    else if (event.key === 'f') this.selection.follow(!this.selection.following && this.selection.client !== undefined);
    else if (event.key === 'Escape') this.selection.selectClient(undefined);
    else return;
    event.preventDefault();
  }

  /** Selects the next or previous client, in the order of arrival. */
  private selectNext(by: number): void {
    const { locations, selection } = this;
    if (locations.count === 0) return;
    const index = selection.client === undefined ? undefined : locations.indexOf(selection.client);
    const next = index === undefined ? 0 : (index + by + locations.count) % locations.count;
    selection.selectClient(this.clientAt(next));
    this.goToSelected();
  }

  private clientAt(index: number | undefined): string | undefined {
    return index === undefined ? undefined : this.locations.clients[index];
  }

  /** Search result at a pixel; of several the one on top. */
  private nearbyAt(x: number, y: number): NearbyPlace | undefined {
    return this.selection.results.places.find(({ position }) => {
      if (position === undefined) return false;
      return Math.hypot(this.view.x(position[1]) - x, this.view.y(position[0]) - y) <= nearbyRadiusPixels;
    });
  }

  /** Index of the client whose dot is nearest to a pixel, within the tap radius. */
  private nearestClient(x: number, y: number): number | undefined {
    let nearest: number | undefined;
    let lowestDistance = tapRadiusPixels ** 2;
    for (let index = 0; index < this.locations.count; index += 1) {
      const dx = this.view.x(this.locations.longitudes[index] ?? 0) - x;
      const dy = this.view.y(this.locations.latitudes[index] ?? 0) - y;
      const distance = dx * dx + dy * dy;
      if (distance < lowestDistance) [nearest, lowestDistance] = [index, distance];
    }
    return nearest;
  }
}

/** Direction in which a key moves the map. */
const moves: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** @throws if the browser has no canvas */
function contextOf(id: string): CanvasRenderingContext2D {
  const context = byId(id, HTMLCanvasElement).getContext('2d');
  if (context === null) throw new Error('this browser has no canvas');
  return context;
}
