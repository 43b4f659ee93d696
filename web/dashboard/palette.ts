/** Number of server colours. Larger herds reuse them. */
export const serverColours = 8;

/** Colours of the style sheet for drawings; they follow the colour scheme. */
export class Palette {
  /** Changes with the colour scheme: drawings of another version are repainted. */
  version = 0;
  private colours = new Map<string, string>();

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.colours = new Map();
      this.version += 1;
    });
  }

  /** Colour by the name of its custom property. */
  of(name: string): string {
    let colour = this.colours.get(name);
    if (colour === undefined) {
      colour = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
      this.colours.set(name, colour);
    }
    return colour;
  }

  /** Colour of a server and of the clients whose reports it received. */
  server(index: number): string {
    return this.of(serverColour(index));
  }
}

/** Name of the custom property with a server's colour. */
export function serverColour(index: number): string {
  return `server-${index % serverColours}`;
}
