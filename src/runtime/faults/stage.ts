import type { LinkState } from '../../actors/bus/events.js';
import type { ServerId } from '../../protocol/place/ids.js';

/** A story of faults: one that comes with Herd, by the name of its file, or one that somebody brings. */
export type Story =
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'brought'; readonly name: string; readonly text: string };

/** Locations that a server has learned, one after the other. */
export interface Passage {
  /** A neighbour; null for clients of the server itself. */
  readonly from: ServerId | null;
  readonly to: ServerId;
  readonly count: number;
}

/** What happens in a story, for who looks on. */
export type StoryNews =
  /** Which servers play in it, and which of them talk with each other. Comes first. */
  | {
      readonly kind: 'cast';
      readonly servers: readonly ServerId[];
      readonly talks: readonly (readonly [ServerId, ServerId])[];
    }
  /** In words, with the time in front. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'server'; readonly server: ServerId; readonly state: 'up' | 'down' | 'paused' }
  /** The end of a link at a server is in another state. */
  | {
      readonly kind: 'link';
      readonly server: ServerId;
      readonly neighbour: ServerId;
      readonly state: LinkState;
      readonly reason: string;
    }
  /** What was learned since this was told last. */
  | { readonly kind: 'learned'; readonly passages: readonly Passage[] };

/**
 * Plays a story that was read, to its end or until it is broken off.
 * @param tell hears what happens
 * @returns what came of it: whether all held that must, and in words
 * @throws StageError if it could not be played
 */
export type Play = (
  tell: (news: StoryNews) => void,
  brokenOff: AbortSignal,
) => Promise<{ readonly verdict: 'held' | 'violated'; readonly words: string }>;

/** Where stories are played beside the herd that runs, each with a herd of its own, and one at a time. */
export interface Stage {
  /** The files of the stories that come with Herd. */
  shipped(): Promise<readonly string[]>;
  /** @throws StageError if there is no such story, or something is wrong with it */
  read(story: Story): Promise<Play>;
}

/** A story that is not played, and why. */
export class StageError extends Error {
  readonly code = 'HERD_STAGE';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}
