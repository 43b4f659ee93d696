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

/** Number of messages in view above which their density is drawn instead of single arrows. */
export const maxArrows = 1_500;

/** State from which the canvases are drawn. */
export interface Scene {
  readonly data: TimelineData;
  readonly messages: Messages;
  readonly viewport: Viewport;
  readonly palette: Palette;
  layout: Layout;
  /** Indexes of the message kinds that are hidden. */
  readonly hidden: Set<number>;
  /** The hovered or chosen target. */
  target: Target | undefined;
  /** Scroll position of the lanes, in pixels. */
  scrollTop: number;
  lanesViewHeight: number;
}

/** Shown messages in view: their number, and those between visible lanes. */
export interface MessagesInView {
  readonly all: number;
  readonly arrows: readonly number[];
  /** Messages from or to a client. */
  readonly ticks: readonly number[];
}

/** Finds the messages in view. */
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
