import type { Random } from '../../actors/ports/random.js';

/**
 * Reproducible random numbers: sfc32 (C. Doty-Humphrey, PractRand), whose 128 bits of state are more than any run draws from.
 * Each purpose has its own stream, so an additional draw in one place changes nothing elsewhere.
 */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /**
   * @param seed any text; equal seeds give equal numbers
   * @param purpose streams of different purposes are independent
   */
  constructor(
    private readonly seed: string,
    private readonly purpose = '',
  ) {
    const text = `${seed}/${purpose}`;
    this.a = hash(text, 0x9e3779b9);
    this.b = hash(text, 0x243f6a88);
    this.c = hash(text, 0xb7e15162);
    // The first numbers of similar seeds are still similar.
    for (let draw = 0; draw < 12; draw += 1) this.next();
  }

  /** Creates an independent stream for one purpose. It does not depend on what was drawn here. */
  stream(purpose: string): SeededRandom {
    return new SeededRandom(this.seed, `${this.purpose}/${purpose}`);
  }

  next(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** Draws a number from `min` up to, not including, `max`. */
  between(min: number, max: number): number {
    return min === max ? min : min + (max - min) * this.next();
  }

  /** Draws an integer from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Draws one of several items. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('cannot pick from an empty list');
    return item;
  }

  /** Draws whether something with this probability happens. Draws nothing if the outcome is certain. */
  happens(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.next() < probability);
  }
}

/** FNV-1a from the given start, mixed as in MurmurHash3. */
function hash(text: string, start: number): number {
  let state = start | 0;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
