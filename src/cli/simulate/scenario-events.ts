import type { ServerId } from '../../protocol/place/ids.js';
import { linksOf, type Topology } from '../../protocol/place/topology.js';
import type { Passage, StoryNews } from '../../runtime/faults/stage.js';
import type { RunNews } from '../../simulation/run/trace.js';
import { Timeline } from './simulation-output.js';

/** Locations that were learned are told of no more often than this, in milliseconds: there may be thousands a second. */
const learnedEveryMs = 100;

/** Tells who looks on what happens in a story that is played in real time. */
export class StoryTeller {
  private readonly timeline: Timeline;
  private readonly passages = new Map<string, Passage>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    topology: Topology,
    private readonly tell: (news: StoryNews) => void,
  ) {
    tell({ kind: 'cast', servers: [...topology.keys()], talks: linksOf(topology) });
    this.timeline = new Timeline(topology, (line) => tell({ kind: 'line', line }));
  }

  note(atMs: number, event: RunNews): void {
    this.timeline.note(atMs, event);
    switch (event.kind) {
      case 'started':
      case 'resumed':
        return this.tell({ kind: 'server', server: event.server, state: 'up' });
      case 'down':
      case 'paused':
        return this.tell({ kind: 'server', server: event.server, state: event.kind });
      case 'link': {
        const { server, neighbour, state, reason } = event;
        return this.tell({ kind: 'link', server, neighbour, state, reason });
      }
      case 'learned':
        return this.learned(event.from ?? null, event.server);
      default:
        // The rest is told in words, or in the report of a run.
        return;
    }
  }

  /** The story is over. */
  end(): void {
    clearTimeout(this.timer);
    this.tellLearned();
  }

  private learned(from: ServerId | null, to: ServerId): void {
    const way = `${from ?? ''} ${to}`;
    this.passages.set(way, { from, to, count: (this.passages.get(way)?.count ?? 0) + 1 });
    this.timer ??= setTimeout(() => this.tellLearned(), learnedEveryMs);
  }

  private tellLearned(): void {
    this.timer = undefined;
    if (this.passages.size === 0) return;
    this.tell({ kind: 'learned', passages: [...this.passages.values()] });
    this.passages.clear();
  }
}
