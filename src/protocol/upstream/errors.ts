/**
 * What kind of trouble a question met, which says whether asking again can help.
 *
 * - `passing`: it may be over in a moment: no connection, a server in trouble.
 * - `pace`: the upstream is being asked too often. Asking again helps when it has said when.
 * - `lasting`: the upstream refuses, and would refuse the same again: a key that is wrong, an address that it does not know.
 * - `rubbish`: what came is no answer of this API, and asking again would not make it one: a web page instead of JSON, half an object.
 * - `question`: the upstream is well, and does not take this question.
 */
export type Trouble = 'passing' | 'pace' | 'lasting' | 'rubbish' | 'question';

/** An upstream's response that is no answer. The message is safe to show to clients: it holds no address and no key. */
export class UpstreamError extends Error {
  readonly code = 'HERD_UPSTREAM';

  constructor(
    message: string,
    readonly trouble: Trouble = 'rubbish',
  ) {
    super(message);
  }
}
