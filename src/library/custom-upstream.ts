import type { ByteString } from '../protocol/text/bytes.js';
import { toJsonLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { ConfigError } from '../runtime/errors.js';

/**
 * Validates a custom upstream, and wraps it so that its answers are validated, too: they must be JSON on one line, which types
 * cannot express.
 * @throws ConfigError if its limits are invalid, or `failure` does not return JSON
 */
export function validateUpstream(upstream: Upstream): Upstream {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const problems = findProblems(upstream);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    maxCount,
    maxRadiusKm,
    radiusBeyondMax,
    units: (query) => upstream.units?.(query) ?? 1,
    request: (query) => upstream.request(query),
    answer: (response, query) => {
      const line = normalizeJson(upstream.answer(response, query));
      // A bug of the program, so it goes to the log and not to clients.
      if (line === undefined) throw new TypeError(`the upstream's answer ${notJson}`);
      return line;
    },
    failure: (message) => normalizeJson(upstream.failure(message)) ?? '{}',
  };
}

const notJson = 'is not JSON in UTF-8 (convert text with bytesOf)';

function findProblems(upstream: Upstream): string[] {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const problems: string[] = [];
  if (!Number.isSafeInteger(maxCount) || maxCount < 0) problems.push('maxCount must be an integer, 0 or more');
  if (!Number.isFinite(maxRadiusKm) || maxRadiusKm < 0) problems.push('maxRadiusKm must be a number, 0 or more');
  // Programs in JavaScript may pass anything.
  if (!['clamp', 'reject'].includes(radiusBeyondMax)) problems.push('radiusBeyondMax must be clamp or reject');
  if (normalizeJson(upstream.failure('é "quoted"\n')) === undefined) {
    problems.push(`the result of failure ${notJson}`);
  }
  return problems.map((problem) => `upstream: ${problem}`);
}

/** Writes JSON on one line; undefined if it is not JSON in UTF-8. */
function normalizeJson(json: ByteString): ByteString | undefined {
  // Not a byte string.
  if (/[\u0100-\uffff]/.test(json)) return undefined;
  try {
    return toJsonLine(json);
  } catch {
    return undefined;
  }
}
