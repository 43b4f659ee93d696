import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuestion, Upstream } from '../../protocol/upstream/upstream.js';
import type { CallOutcome } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import type { Outcome } from './pending-query.js';

/**
 * Asks an upstream once. Whatever comes of it, it is an outcome.
 * @param onBroken hears of an error that is no trouble of the upstream's, but a fault in what asks it
 */
export async function request(
  http: Http,
  upstream: Upstream,
  about: NearbyQuestion,
  signal: AbortSignal,
  onBroken: (error: unknown) => void,
): Promise<Outcome> {
  let response: HttpResponse | undefined;
  try {
    response = await http.fetch(upstream.request(about), signal);
    return { kind: 'answered', json: upstream.answer(response, about) };
  } catch (error) {
    if (error instanceof UpstreamError) {
      return { kind: 'failed', reason: error.message, trouble: error.trouble, restMs: response?.restMs };
    }
    onBroken(error);
    return { kind: 'failed', reason: 'internal error', trouble: 'question', restMs: undefined };
  }
}

/** What became of a request, in the words in which it is counted. */
export function countedAs(outcome: Outcome): CallOutcome {
  if (outcome.kind === 'answered') return 'answered';
  switch (outcome.trouble) {
    case 'lasting':
    case 'question':
      return 'refused';
    case 'pace':
      return 'limited';
    case 'rubbish':
      return 'rubbish';
    case 'passing':
      return 'failed';
  }
}
