/** Colour as the bytes of a pixel, without alpha. */
type Rgb = number;

/** Converts a colour `#rrggbb` to the byte order of image data. */
export function rgbOf(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16);
}

/**
 * Pixel buffer for dots and trails. Ten thousand dots with trails take a few milliseconds; as canvas paths without a graphics
 * card they take a tenth of a second.
 */
export class Raster {
  private image = new ImageData(1, 1);
  private pixels = new Uint32Array(this.image.data.buffer);
  private dot: readonly (readonly [dx: number, dy: number, alpha: number])[] = [];
  private radius = 0;
  // Copies, because reading the properties of the image costs more than writing a pixel.
  private width = 1;
  private height = 1;

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [width, height];
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  clear(): void {
    this.pixels.fill(0);
  }

  /** Sets the radius of dots in pixels; their rims are antialiased. */
  useDot(radius: number): void {
    if (radius === this.radius) return;
    this.radius = radius;
    const reach = Math.ceil(radius);
    const dot: [number, number, number][] = [];
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        const cover = Math.min(1, radius + 0.5 - Math.hypot(dx, dy));
        if (cover > 0.1) dot.push([dx, dy, Math.round(cover * 255)]);
      }
    }
    this.dot = dot;
  }

  putDot(x: number, y: number, colour: Rgb): void {
    const reach = Math.ceil(this.radius);
    const [left, top] = [Math.round(x), Math.round(y)];
    if (left < reach || top < reach || left >= this.width - reach || top >= this.height - reach) return;
    for (const [dx, dy, alpha] of this.dot) {
      const pixel = (top + dy) * this.width + left + dx;
      // A translucent rim never replaces an opaque pixel.
      if ((this.pixels[pixel] ?? 0) >>> 24 <= alpha) this.pixels[pixel] = colour | (alpha << 24);
    }
  }

  /** Paints a line, unless it is longer than the raster is wide; alpha from 0 to 255. */
  putLine(fromX: number, fromY: number, toX: number, toY: number, colour: Rgb, alpha: number): void {
    const [dx, dy] = [toX - fromX, toY - fromY];
    const steps = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)));
    if (steps === 0 || steps > this.width) return;
    const paint = colour | (alpha << 24);
    for (let step = 0; step < steps; step += 1) {
      const x = Math.round(fromX + (dx * step) / steps);
      const y = Math.round(fromY + (dy * step) / steps);
      if (x >= 0 && y >= 0 && x < this.width && y < this.height) this.pixels[y * this.width + x] = paint;
    }
  }

  show(context: CanvasRenderingContext2D): void {
    context.putImageData(this.image, 0, 0);
  }
}
