/** Why a client of a herd did not get what it asked for. */
export type ClientErrorCode =
  /** What was asked cannot be said in the language of the herd: a client ID with white space, degrees beyond the Earth. */
  | 'HERD_INVALID_ARGUMENT'
  /** The server does not take it: a time too far ahead, a count beyond what its upstream gives. */
  | 'HERD_REJECTED'
  /** No connection could be made. */
  | 'HERD_UNREACHABLE'
  /** The connection was lost before the answer came. A report may have been taken all the same; to report again does no harm. */
  | 'HERD_CONNECTION_LOST'
  /** The answer did not come in time. The same holds of reports. */
  | 'HERD_TIMEOUT'
  /** Too many commands wait for their answers already. */
  | 'HERD_BUSY'
  /** What answers is no server of a herd. */
  | 'HERD_PROTOCOL_ERROR'
  /** The client was closed. */
  | 'HERD_CLOSED';

/** What a client's promises are rejected with. */
export class HerdClientError extends Error {
  override readonly name = 'HerdClientError';

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
