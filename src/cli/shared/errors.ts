/** The command was used in a way that it cannot be used. */
export class UsageError extends Error {
  readonly code = 'HERD_USAGE';
}

/** The command was used rightly, and could not do what it was asked. */
export class CommandError extends Error {
  readonly code = 'HERD_COMMAND';
}
