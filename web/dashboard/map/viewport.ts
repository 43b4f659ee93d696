import type { Position } from '../data/circle.js';

/** Maximum zoom in pixels per degree: about five metres per pixel. */
const maxScale = 20_000;

/** Range of latitude of the whole world in degrees; no clients are expected south of it. */
const [south, north] = [-60, 84];

/** Share of the map that a fitted area fills. */
const fitShare = 0.86;

/** Visible part of the world, and the projection of degrees to pixels: a plate carrée. */
export class Viewport {
  width = 1;
  height = 1;
  /** Changes with the view: drawings of another version are repainted. */
  version = 0;
  private longitude = 0;
  private latitude = 0;
  /** Pixels per degree. */
  private perDegree = 1;
  private isWholeWorld = true;

  get scale(): number {
    return this.perDegree;
  }

  x(longitude: number): number {
    return (longitude - this.longitude) * this.perDegree + this.width / 2;
  }

  y(latitude: number): number {
    return (this.latitude - latitude) * this.perDegree + this.height / 2;
  }

  longitudeAt(x: number): number {
    return (x - this.width / 2) / this.perDegree + this.longitude;
  }

  latitudeAt(y: number): number {
    return this.latitude - (y - this.height / 2) / this.perDegree;
  }

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [Math.max(1, width), Math.max(1, height)];
    if (this.isWholeWorld) this.showWorld();
    else this.clampToWorld();
  }

  showWorld(): void {
    this.perDegree = this.scaleMin;
    [this.longitude, this.latitude] = [0, (south + north) / 2];
    this.clampToWorld();
    this.isWholeWorld = true;
  }

  /** Moves the view by pixels. */
  pan(dx: number, dy: number): void {
    this.longitude -= dx / this.perDegree;
    this.latitude += dy / this.perDegree;
    this.clampToWorld();
  }

  /** Zooms; the position at the given pixel stays there. */
  zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
    const [longitude, latitude] = [this.longitudeAt(x), this.latitudeAt(y)];
    this.perDegree = Math.min(maxScale, Math.max(this.scaleMin, this.perDegree * factor));
    this.longitude = longitude - (x - this.width / 2) / this.perDegree;
    this.latitude = latitude + (y - this.height / 2) / this.perDegree;
    this.clampToWorld();
  }

  /** Centres a position, with at least the given pixels per degree. */
  centre(latitude: number, longitude: number, scaleAtLeast = 0): void {
    [this.latitude, this.longitude] = [latitude, longitude];
    this.perDegree = Math.min(maxScale, Math.max(this.perDegree, scaleAtLeast));
    this.clampToWorld();
  }

  /** Zooms to an area with the given centre and half extent in degrees. */
  fit([latitude, longitude]: Position, { north, east }: { readonly north: number; readonly east: number }): void {
    const scale = (fitShare / 2) * Math.min(this.width / east, this.height / north);
    this.perDegree = Math.min(maxScale, Math.max(this.scaleMin, scale));
    [this.latitude, this.longitude] = [latitude, longitude];
    this.clampToWorld();
  }

  /** Whether a position is visible. */
  shows([latitude, longitude]: Position): boolean {
    const [x, y] = [this.x(longitude), this.y(latitude)];
    return x >= 0 && y >= 0 && x <= this.width && y <= this.height;
  }

  private get scaleMin(): number {
    return Math.min(this.width / 360, this.height / (north - south));
  }

  /** Limits the view to the world. */
  private clampToWorld(): void {
    const [halfX, halfY] = [this.width / 2 / this.perDegree, this.height / 2 / this.perDegree];
    this.longitude = halfX >= 180 ? 0 : Math.min(180 - halfX, Math.max(halfX - 180, this.longitude));
    this.latitude = halfY >= 90 ? 0 : Math.min(90 - halfY, Math.max(halfY - 90, this.latitude));
    this.isWholeWorld = this.perDegree <= this.scaleMin;
    this.version += 1;
  }
}
