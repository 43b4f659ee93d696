/** A thing of the world that is near the picked client, as the upstream says. */
export interface Nearby {
  readonly title: string;
  readonly text: string;
  /** Latitude and longitude; undefined where the upstream gives none. */
  readonly position: readonly [latitude: number, longitude: number] | undefined;
}

/** What the reader has picked; views look at it once a frame. */
export class Selection {
  version = 0;
  /** The picked client; undefined: none. */
  client: string | undefined;
  /** Whether the map goes where the picked client goes. */
  following = false;
  /** The picked server or link of the herd's graph: its name or id. */
  node: { readonly kind: 'server' | 'link'; readonly id: string } | undefined;
  nearby: readonly Nearby[] = [];
  /** Of the nearby, the one that the reader looks at. */
  looked: Nearby | undefined;

  pickClient(client: string | undefined): void {
    if (client !== this.client) {
      this.nearby = [];
      this.looked = undefined;
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

  find(nearby: readonly Nearby[]): void {
    this.nearby = nearby;
    this.looked = undefined;
    this.version += 1;
  }

  look(nearby: Nearby | undefined): void {
    this.looked = nearby;
    this.version += 1;
  }
}
