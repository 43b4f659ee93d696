import type { FaultBand, TimelineMark, StepMark, TimelineData } from '../../src/simulation/report/timeline-data.js';
import type { RecordedViolation } from '../../src/simulation/run/result.js';
import type { Layout } from './layout.js';
import type { Messages } from './messages.js';
import type { Palette } from './palette.js';
import type { Viewport } from './viewport.js';

/** Something that can be pointed at. */
export type Target =
  | { readonly kind: 'message'; readonly index: number }
  | { readonly kind: 'band'; readonly band: FaultBand }
  | { readonly kind: 'mark'; readonly mark: TimelineMark }
  | { readonly kind: 'step'; readonly step: StepMark }
  | { readonly kind: 'violation'; readonly violation: RecordedViolation };

/** Messages in view beyond which single arrows cannot be told apart, and are drawn as a density instead. */
export const maxArrows = 1_500;

/** Everything that the canvases are painted from. */
export interface Scene {
  readonly data: TimelineData;
  readonly messages: Messages;
  readonly viewport: Viewport;
  readonly palette: Palette;
  layout: Layout;
  /** The kinds of messages that are not shown, by their places. */
  readonly hidden: Set<number>;
  /** What is pointed at, or was chosen. */
  target: Target | undefined;
  /** How far the lanes are scrolled, and how much of them is seen, in pixels. */
  scrollTop: number;
  lanesViewHeight: number;
}

/** The messages in view that are shown: how many, and those between lanes that are seen. */
export interface MessagesInView {
  readonly all: number;
  readonly arrows: readonly number[];
  /** Those from or to a client. */
  readonly ticks: readonly number[];
}

/** Looks up what is in view. */
export function findMessagesInView({
  messages,
  viewport,
  hidden,
  layout,
  scrollTop,
  lanesViewHeight,
}: Scene): MessagesInView {
  const arrows: number[] = [];
  const ticks: number[] = [];
  const top = Math.floor(scrollTop / layout.laneHeight);
  const bottom = Math.ceil((scrollTop + lanesViewHeight) / layout.laneHeight);
  let all = 0;
  messages.forEachInTransit(viewport.fromMs, viewport.toMs, (index) => {
    if (hidden.has(messages.kind[index] ?? 0)) return;
    all += 1;
    const from = messages.fromLane[index] ?? 0;
    const to = messages.toLane[index] ?? 0;
    const isTick = from < 0 || to < 0;
    const upper = isTick ? Math.max(from, to) : Math.min(from, to);
    if (upper > bottom || Math.max(from, to) < top) return;
    (isTick ? ticks : arrows).push(index);
  });
  return { all, arrows, ticks };
}
