import type { RunResult } from '../run/result.js';

/* Data that the timeline page draws: plain data, embedded in the page. Servers are referred to by their index in `lanes`. */

/** What a message is about. A segment with several kinds has the first of them. */
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

/** Kind of fault of a band. */
export type FaultKind = 'crash' | 'pause' | 'partition' | 'cut' | 'stall' | 'slow' | 'clock' | 'upstream';

/** A fault that was active for a while. */
export interface FaultBand {
  readonly kind: FaultKind;
  readonly text: string;
  /** Indexes of the affected lanes; empty if it is outside the herd. */
  readonly lanes: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** An event at one moment in one lane. */
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
  /** File and line: `scenario.yaml:12`. */
  readonly sourceLine: string;
  /** Remarks about it, such as `Blake is up already`. */
  readonly remarks: readonly string[];
}

/** Messages in the order of sending, one column per field: as objects they would be many times larger. */
export interface MessageColumns {
  /** Microseconds since the previous message was sent, or since the start. */
  readonly sentAfterUs: readonly number[];
  /** Microseconds from sending to arrival. */
  readonly transitUs: readonly number[];
  /** Indexes in `routes`. */
  readonly route: readonly number[];
  /** Indexes in `kinds`. */
  readonly kind: readonly number[];
  readonly bytes: readonly number[];
  /** Indexes in `texts`; -1 for a text that was omitted. */
  readonly text: readonly number[];
}

/** What was omitted from the page because of its limits. */
export interface OmittedCounts {
  /** Messages that arrived before the kept ones, and when those begin. */
  readonly messagesBefore: number;
  readonly keptFromMs: number;
  /** Messages that arrived after the kept ones, and when those end. */
  readonly messagesAfter: number;
  readonly keptToMs: number;
  /** Kept messages whose text was omitted. */
  readonly texts: number;
  readonly marks: number;
}

/** All data of a timeline. */
export interface TimelineData {
  /** The result of the run, without its trace. */
  readonly result: Omit<RunResult, 'trace'>;
  /** The command that repeats the run. */
  readonly replayCommand: string;
  /** Names of the lanes: the servers, and last the broker nodes if there are any. */
  readonly lanes: readonly string[];
  /** Servers first, then clients. */
  readonly endpoints: readonly string[];
  /** From one endpoint to another, as indexes in `endpoints`. */
  readonly routes: readonly (readonly [from: number, to: number])[];
  readonly kinds: readonly MessageKind[];
  readonly messages: MessageColumns;
  /** Bytes as latin1 text; long texts are truncated. */
  readonly texts: readonly string[];
  readonly bands: readonly FaultBand[];
  readonly marks: readonly TimelineMark[];
  readonly steps: readonly StepMark[];
  readonly omitted: OmittedCounts;
}
