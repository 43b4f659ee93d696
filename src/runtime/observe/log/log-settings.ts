/**
 * How much an event matters, the least first: lines are what clients and servers say and hear; what is above `info` also stands
 * in the error log. As a setting: the least that a log tells of.
 */
export const logLevels = ['lines', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What bounds the files of a log. */
export interface LogBounds {
  /** Bytes of a file, from `minLogFileBytes` on; the next line goes into another one. */
  readonly maxFileBytes: number;
  /** Files kept of the log, and as many of the error log, those of earlier starts included; at least 2. */
  readonly maxFiles: number;
}

/** What stands under `log` in herd.yaml. */
export interface LogSettings extends LogBounds {
  /** The folder of the logs. */
  readonly dir: string;
  readonly level: LogLevel;
}

/** Fits the longest line of a log several times: what is shown of texts from outside is bounded, escaped as well. */
export const minLogFileBytes = 65_536;

/**
 * 512 MiB of log and as much of error log for a server at most. Many small files, since each start begins one: those of a server
 * that failed and was started again a few times stay.
 */
export const defaultLogBounds: LogBounds = { maxFileBytes: 16_777_216, maxFiles: 32 };
