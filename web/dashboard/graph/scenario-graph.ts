import type { Passage, StoryNews } from '../../../src/runtime/faults/stage.js';
import { part } from '../dom.js';
import { Graph } from './graph.js';
import { Herd, type Reach } from '../data/herd.js';
import type { Palette } from '../map/palette.js';
import { Pulses } from '../map/pulses.js';

/** How a server of a story is drawn: one that is paused is not gone, and does not answer either. */
const reaches: Readonly<Record<Extract<StoryNews, { kind: 'server' }>['state'], Reach>> = {
  up: 'reached',
  down: 'away',
  paused: 'calling',
};

/** The herd of a scenario that is being played, as a graph: what breaks in it, and what floods. */
export class StoryGraph {
  private readonly frame = part('story-graph', HTMLElement);
  private herd = new Herd();
  private pulses = new Pulses();
  private graph: Graph | undefined;
  /** How each server is, in the words of the story. */
  private readonly words = new Map<string, string>();

  constructor(private readonly palette: Palette) {}

  paint(nowMs: number): void {
    this.graph?.paint(nowMs);
  }

  hear(news: StoryNews): void {
    switch (news.kind) {
      case 'cast':
        return this.begin(news.servers, news.talks);
      case 'server':
        return this.serverIs(news.server, news.state);
      case 'link': {
        const { server, neighbour, state, reason } = news;
        const step = { state, sinceMs: performance.now(), retryAtMs: 0, waiting: 0, reason };
        this.herd.end(server, neighbour)?.enter(step);
        return this.herd.changed();
      }
      case 'learned':
        for (const passage of news.passages) this.flow(passage);
        return;
      case 'line':
        return;
    }
  }

  private begin(servers: readonly string[], talks: readonly (readonly [string, string])[]): void {
    this.herd = new Herd();
    this.pulses = new Pulses();
    this.words.clear();
    for (const server of servers) this.herd.meet(server, '');
    for (const [one, other] of talks) this.herd.join(one, other);
    const standing = ({ name }: { name: string }) => ({ words: this.words.get(name) ?? 'starts', missing: 0 });
    this.graph = new Graph(this.frame, this.herd, { pulses: this.pulses, palette: this.palette, standing });
    this.frame.hidden = false;
  }

  private serverIs(name: string, state: Extract<StoryNews, { kind: 'server' }>['state']): void {
    const server = this.herd.server(name);
    if (server === undefined) return;
    server.reach = reaches[state];
    this.words.set(name, state);
    if (state === 'down') this.forgetEnds(name);
    this.herd.changed();
  }

  /** A server that is gone has no machines any more. */
  private forgetEnds(name: string): void {
    const gone = {
      state: 'unknown',
      sinceMs: performance.now(),
      retryAtMs: 0,
      waiting: 0,
      reason: `${name} is down`,
    } as const;
    for (const end of this.herd.endsOf(name)) end.enter(gone);
  }

  private flow({ from, to, count }: Passage): void {
    this.pulses.learned(from ?? to, to, count, this.herd.server(from ?? to)?.index ?? 0);
  }
}
