/** Invalid use of a command, such as an invalid argument. */
export class UsageError extends Error {
  readonly code = 'HERD_USAGE';
}

/** Failure of a command that was used correctly, such as an unreachable server. */
export class CommandError extends Error {
  readonly code = 'HERD_COMMAND';
}
