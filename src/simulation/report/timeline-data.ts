import type { RunResult } from '../run/result.js';

/*
 * What the page of a timeline draws: plain data, as it stands in the page. Servers are meant by their place in `servers`, which
 * is their lane.
 */

/** What a message is about, in the order in which a segment that holds several is called. */
export const messageKinds = [
  'report',
  'query',
  'response',
  'location',
  'lookup',
  'handshake',
  'comparison',
  'heartbeat',
  'other',
] as const;

export type MessageKind = (typeof messageKinds)[number];

/** What is broken while a band lasts. */
export type FaultKind = 'crash' | 'pause' | 'partition' | 'cut' | 'stall' | 'slow' | 'clock' | 'upstream' | 'broker';

/** Something that was broken for a while. */
export interface FaultBand {
  readonly kind: FaultKind;
  readonly text: string;
  /** The lanes that it touches; none if it is outside of the herd. */
  readonly lanes: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Something that happened at one moment in one lane. */
export interface TimelineMark {
  readonly kind: 'link up' | 'link down' | 'failure';
  readonly atMs: number;
  readonly lane: number;
  readonly text: string;
}

/** A step of the scenario. */
export interface StepMark {
  readonly atMs: number;
  readonly text: string;
  /** Where it stands: `scenario.yaml:12`. */
  readonly sourceLine: string;
  /** What is said of it besides: `Blake is up already`. */
  readonly remarks: readonly string[];
}

/** Messages in the order in which they were sent, a column for each of their features: as objects they would be many times larger. */
export interface MessageColumns {
  /** Microseconds from the message before, or from the start. */
  readonly sentAfterUs: readonly number[];
  /** Microseconds until it arrived. */
  readonly transitUs: readonly number[];
  /** The place in `ways`. */
  readonly route: readonly number[];
  /** The place in `kinds`. */
  readonly kind: readonly number[];
  readonly bytes: readonly number[];
  /** The place in `texts`; -1 where there was no room for the text. */
  readonly text: readonly number[];
}

/** What the page does not hold, because there was more than it may. */
export interface OmittedCounts {
  /** Messages that arrived before all that are kept; and when those begin. */
  readonly messagesBefore: number;
  readonly keptFromMs: number;
  /** Messages that arrived after all that are kept; and when those end. */
  readonly messagesAfter: number;
  readonly keptToMs: number;
  /** Messages that are kept without their text. */
  readonly texts: number;
  readonly marks: number;
}

/** Everything that a timeline draws. */
export interface TimelineData {
  /** What came of the run, without its record. */
  readonly result: Omit<RunResult, 'trace'>;
  /** The command that plays it again. */
  readonly replayCommand: string;
  /** Those that have a lane: servers, and last the broker if the herd spreads by one. */
  readonly lanes: readonly string[];
  /** Servers first, then clients. */
  readonly endpoints: readonly string[];
  /** From one party to another. */
  readonly routes: readonly (readonly [from: number, to: number])[];
  readonly kinds: readonly MessageKind[];
  readonly messages: MessageColumns;
  /** Bytes as latin1 text, cut where they are long. */
  readonly texts: readonly string[];
  readonly bands: readonly FaultBand[];
  readonly marks: readonly TimelineMark[];
  readonly steps: readonly StepMark[];
  readonly omitted: OmittedCounts;
}
