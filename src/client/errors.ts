/** Reason why a client operation failed. */
export type ClientErrorCode =
  /** Invalid argument: white space in a client ID, coordinates out of range, an invalid time, radius or count. */
  | 'HERD_INVALID_ARGUMENT'
  /** Rejected by the server: a time too far in the future, a count or radius beyond the upstream's maximum, too many subscribers. */
  | 'HERD_REJECTED'
  /** No connection could be made in time, or the HTTP response was a server error. */
  | 'HERD_UNREACHABLE'
  /** The connection was lost before the response. A report may have been accepted; reporting again is harmless. */
  | 'HERD_CONNECTION_LOST'
  /** No response within `timeoutMs`. A report may have been accepted; reporting again is harmless. */
  | 'HERD_TIMEOUT'
  /** 10,000 commands are pending. */
  | 'HERD_BUSY'
  /** The response is not one of a Herd server. */
  | 'HERD_PROTOCOL_ERROR'
  /** `close()` was called. */
  | 'HERD_CLOSED';

/** Error with which promises of a client are rejected; `code` says why. */
export class HerdClientError extends Error {
  override readonly name = 'HerdClientError';

  constructor(
    /** Reason of the failure. */
    readonly code: ClientErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
