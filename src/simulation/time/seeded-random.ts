import type { Random } from '../../actors/ports/random.js';

/**
 * Chance that comes again with its seed: sfc32 (C. Doty-Humphrey, PractRand), whose state of 128 bits is more than any run
 * draws from. Each purpose has a stream of its own, so that one more draw in one place changes nothing elsewhere.
 */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /**
   * @param seed any text; runs with the same seed draw the same
   * @param purpose what is drawn for; streams of different purposes have nothing in common
   */
  constructor(
    private readonly seed: string,
    private readonly purpose = '',
  ) {
    const text = `${seed}/${purpose}`;
    this.a = hash(text, 0x9e3779b9);
    this.b = hash(text, 0x243f6a88);
    this.c = hash(text, 0xb7e15162);
    // The first draws still show how alike two seeds are.
    for (let draw = 0; draw < 12; draw += 1) this.next();
  }

  /** A stream for one purpose among this stream's. What was drawn here does not change it. */
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

  /** A number from `min` up to, not including, `max`. */
  between(min: number, max: number): number {
    return min === max ? min : min + (max - min) * this.next();
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** One of several. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** Whether something happens that has this probability. Draws only where the outcome is open. */
  happens(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.next() < probability);
  }
}

/** FNV-1a from a start of its own, mixed as in MurmurHash3. */
function hash(text: string, start: number): number {
  let state = start | 0;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
