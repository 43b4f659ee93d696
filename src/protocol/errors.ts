/** An upstream's response that is no answer. The message is safe to show to clients: it holds no address and no key. */
export class UpstreamError extends Error {
  readonly code = 'HERD_UPSTREAM';
}
