import type { Circle, Position } from '../map/circle.js';

/** A thing of the world that is near the picked client, as the upstream says. */
export interface Nearby {
  readonly title: string;
  readonly text: string;
  /** Latitude and longitude; undefined where the upstream gives none. */
  readonly position: Position | undefined;
}

/** What was found near the picked client, and where it was looked for. */
export interface NearbyResult {
  readonly places: readonly Nearby[];
  readonly circle: Circle | undefined;
}

const emptyResult: NearbyResult = { places: [], circle: undefined };

/** What the reader has picked; views look at it once a frame. */
export class Selection {
  version = 0;
  /** The picked client; undefined: none. */
  client: string | undefined;
  /** Whether the map goes where the picked client goes. */
  following = false;
  /** The picked server or link of the herd's graph: its name or id. */
  node: { readonly kind: 'server' | 'link'; readonly id: string } | undefined;
  found = emptyResult;
  /** Of what was found, the one that the reader looks at. */
  highlighted: Nearby | undefined;

  pickClient(client: string | undefined): void {
    if (client !== this.client) {
      this.found = emptyResult;
      this.highlighted = undefined;
    }
    this.client = client;
    if (client === undefined) this.following = false;
    this.version += 1;
  }

  follow(following: boolean): void {
    this.following = following;
    this.version += 1;
  }

  pickNode(kind: 'server' | 'link', id: string): void {
    this.node = { kind, id };
    this.version += 1;
  }

  setFound(found: NearbyResult): void {
    this.found = found;
    this.highlighted = undefined;
    this.version += 1;
  }

  highlight(nearby: Nearby): void {
    if (nearby === this.highlighted) return;
    this.highlighted = nearby;
    this.version += 1;
  }
}
