import type { Circle, Position } from './circle.js';

/** One search result of the upstream. */
export interface NearbyPlace {
  readonly title: string;
  readonly text: string;
  /** Undefined where the upstream gives none. */
  readonly position: Position | undefined;
}

/** Results of a search around the selected client, and the searched circle. */
export interface NearbyResults {
  readonly places: readonly NearbyPlace[];
  readonly circle: Circle | undefined;
}

const noResults: NearbyResults = { places: [], circle: undefined };

/** What the user has selected. Views compare `version` once per frame. */
export class Selection {
  version = 0;
  /** The selected client, if any. */
  client: string | undefined;
  /** Whether the map follows the selected client. */
  following = false;
  /** The selected server or link of the graph: its name or id. */
  node: { readonly kind: 'server' | 'link'; readonly id: string } | undefined;
  results = noResults;
  /** The search result that the user points at. */
  highlighted: NearbyPlace | undefined;

  selectClient(client: string | undefined): void {
    if (client !== this.client) {
      this.results = noResults;
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

  selectNode(kind: 'server' | 'link', id: string): void {
    this.node = { kind, id };
    this.version += 1;
  }

  setResults(results: NearbyResults): void {
    this.results = results;
    this.highlighted = undefined;
    this.version += 1;
  }

  highlight(nearby: NearbyPlace): void {
    if (nearby === this.highlighted) return;
    this.highlighted = nearby;
    this.version += 1;
  }
}
