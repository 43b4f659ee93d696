import type { FaultKind, MessageKind } from '../../src/simulation/report/timeline-data.js';

type Paint =
  | MessageKind
  | FaultKind
  | 'paper'
  | 'card'
  | 'ink'
  | 'quiet'
  | 'rule'
  | 'stripe'
  | 'lane'
  | 'accent'
  | 'violated'
  | 'up';

/** The colours of the style sheet, so that what is drawn follows the reader's choice of dark or light. */
export class Palette {
  private colours = new Map<Paint, string>();

  /** A colour by its name in the style sheet. */
  of(paint: Paint): string {
    let colour = this.colours.get(paint);
    if (colour === undefined) {
      colour = getComputedStyle(document.documentElement).getPropertyValue(`--${paint}`).trim();
      this.colours.set(paint, colour);
    }
    return colour;
  }

  /** The reader has chosen anew. */
  clear(): void {
    this.colours = new Map();
  }
}
