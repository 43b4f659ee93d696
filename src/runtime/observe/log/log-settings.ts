/**
 * Log levels in ascending order. `lines` are the lines received and sent; levels above `info` are repeated in the error log. As a
 * setting: the lowest level that is logged.
 */
export const logLevels = ['lines', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Limits of a log's files. */
export interface LogBounds {
  /** Maximum size of a file, at least `minLogFileBytes`; the next line goes to a new one. */
  readonly maxFileBytes: number;
  /** Maximum files of the log, and of the error log, those of earlier starts included; at least 2. */
  readonly maxFiles: number;
}

/** Settings under `log` in herd.yaml. */
export interface LogSettings extends LogBounds {
  /** Folder of the logs. */
  readonly dir: string;
  readonly level: LogLevel;
}

/** Minimum of `maxFileBytes`: several times the longest line, as external text is truncated, also when escaped. */
export const minLogFileBytes = 65_536;

/**
 * At most 512 MiB of log and as much of error log per server. Many small files rather than a few large ones: each start begins one,
 * and a few restarts must not delete the files of a failure.
 */
export const defaultLogBounds: LogBounds = { maxFileBytes: 16_777_216, maxFiles: 32 };
