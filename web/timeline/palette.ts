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
  | 'violation'
  | 'up';

/** Colours of the style sheet, so that canvases follow the dark or light theme. */
export class Palette {
  private colours = new Map<Paint, string>();

  /** Returns a colour by its name in the style sheet. */
  of(paint: Paint): string {
    let colour = this.colours.get(paint);
    if (colour === undefined) {
      colour = getComputedStyle(document.documentElement).getPropertyValue(`--${paint}`).trim();
      this.colours.set(paint, colour);
    }
    return colour;
  }

  /** Drops cached colours after the theme has changed. */
  clear(): void {
    this.colours = new Map();
  }
}
