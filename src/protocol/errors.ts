/**
 * What kind of trouble a question met, which says whether asking again can help.
 *
 * - `passing`: it may be over in a moment: no connection, a server in trouble.
 * - `pace`: the upstream is being asked too often. Asking again helps when it has said when.
 * - `lasting`: the same question would meet the same trouble: a key that is refused, a web page instead of JSON.
 * - `question`: the upstream is well, and does not take this question.
 */
export type Trouble = 'passing' | 'pace' | 'lasting' | 'question';

/** An upstream's response that is no answer. The message is safe to show to clients: it holds no address and no key. */
export class UpstreamError extends Error {
  readonly code = 'HERD_UPSTREAM';

  constructor(
    message: string,
    readonly trouble: Trouble = 'lasting',
  ) {
    super(message);
  }
}
