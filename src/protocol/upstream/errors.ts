/**
 * What kind of trouble a question met, which says whether asking again can help.
 *
 * - `transient`: it may be over in a moment: no connection, a server in trouble.
 * - `rate-limited`: the upstream is being asked too often. Asking again helps when it has said when.
 * - `permanent`: the upstream refuses, and would refuse the same again: a key that is wrong, an address that it does not know.
 * - `malformed-response`: what came is no answer of this API, and asking again would not make it one: a web page instead of JSON, half an object.
 * - `invalid-request`: the upstream is well, and does not take this question.
 */
export type UpstreamErrorKind = 'transient' | 'rate-limited' | 'permanent' | 'malformed-response' | 'invalid-request';

/** An upstream's response that is no answer. The message is safe to show to clients: it holds no address and no key. */
export class UpstreamError extends Error {
  readonly code = 'HERD_UPSTREAM';

  constructor(
    message: string,
    readonly kind: UpstreamErrorKind = 'malformed-response',
  ) {
    super(message);
  }
}
