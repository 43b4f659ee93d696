import type { ByteString } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import type { Secret } from './secret.js';

const placeholder = '[key]';

/** Wraps an upstream so that its answers and errors never contain the API key, even if the remote service echoes it. */
export function redactKey(upstream: Upstream, key: Secret): Upstream {
  const redact = createRedactor(key);
  return {
    ...upstream,
    answer: (response, question) => {
      try {
        return redact(upstream.answer(response, question));
      } catch (error) {
        throw error instanceof UpstreamError ? new UpstreamError(redact(error.message), error.kind) : error;
      }
    },
    failure: (message) => upstream.failure(redact(message)),
  };
}

/** Creates a function that replaces the key in a text, in its plain, URL-encoded and JSON-escaped forms. */
function createRedactor(key: Secret): (text: ByteString) => ByteString {
  const plain = key.reveal();
  const forms = new Set([plain, encodeURIComponent(plain), JSON.stringify(plain).slice(1, -1)]);
  return (text) =>
    [...forms].reduce((rest, form) => (rest.includes(form) ? rest.replaceAll(form, placeholder) : rest), text);
}
