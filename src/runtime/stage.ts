/** A story of faults: one that comes with Herd, by the name of its file, or one that somebody brings. */
export type Story =
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'brought'; readonly name: string; readonly text: string };

/**
 * Plays a story that was read, to its end or until it is broken off.
 * @param tell hears what happens, a line at a time
 * @returns what came of it: whether all held that must, and in words
 * @throws StageError if it could not be played
 */
export type Play = (
  tell: (line: string) => void,
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
