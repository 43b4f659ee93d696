/** How many colours servers have; a larger herd uses them again. */
export const serverColours = 8;

/** The colours of the style sheet, so that what is drawn follows the reader's choice of dark or light. */
export class Palette {
  /** Counts the reader's choices; what was drawn under another is drawn anew. */
  version = 0;
  private colours = new Map<string, string>();

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.colours = new Map();
      this.version += 1;
    });
  }

  /** A colour by its name in the style sheet. */
  of(name: string): string {
    let colour = this.colours.get(name);
    if (colour === undefined) {
      colour = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
      this.colours.set(name, colour);
    }
    return colour;
  }

  /** The colour of a server, and of the clients that it heard first. */
  server(index: number): string {
    return this.of(serverColour(index));
  }
}

/** The name of a server's colour in the style sheet. */
export function serverColour(index: number): string {
  return `server-${index % serverColours}`;
}
