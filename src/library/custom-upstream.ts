import type { ByteString } from '../protocol/text/bytes.js';
import { toJsonLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { ConfigError } from '../runtime/errors.js';

/**
 * An upstream that a program has handed in, watched: clients depend on one line of JSON, and a type cannot promise that.
 * @throws ConfigError if it has no sound limits, or its failures are no JSON
 */
export function validateUpstream(upstream: Upstream): Upstream {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const problems = findProblems(upstream);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    maxCount,
    maxRadiusKm,
    radiusBeyondMax,
    units: (question) => upstream.units?.(question) ?? 1,
    request: (question) => upstream.request(question),
    answer: (response, question) => {
      const line = normalizeJson(upstream.answer(response, question));
      // A fault of the program's: the log should say so, and clients need not know.
      if (line === undefined)
        throw new TypeError('the answer of the upstream is no JSON in UTF-8; bytesOf makes that of a text');
      return line;
    },
    failure: (message) => normalizeJson(upstream.failure(message)) ?? '{}',
  };
}

function findProblems(upstream: Upstream): string[] {
  const { maxCount, maxRadiusKm, radiusBeyondMax = 'clamp' } = upstream;
  const problems: string[] = [];
  if (!Number.isSafeInteger(maxCount) || maxCount < 0) problems.push('maxCount must be a whole number, 0 or more');
  if (!Number.isFinite(maxRadiusKm) || maxRadiusKm < 0) problems.push('maxRadiusKm must be a number, 0 or more');
  // A program that is not typed may give any.
  if (!['clamp', 'reject'].includes(radiusBeyondMax)) problems.push('radiusBeyondMax must be clamp or reject');
  if (normalizeJson(upstream.failure('é "quoted"\n')) === undefined) {
    problems.push('failure must make JSON in UTF-8; bytesOf makes that of a text');
  }
  return problems.map((problem) => `the upstream: ${problem}`);
}

/** The same on one line; undefined for what is no JSON in UTF-8. */
function normalizeJson(json: ByteString): ByteString | undefined {
  // What is no byte.
  if (/[\u0100-\uffff]/.test(json)) return undefined;
  try {
    return toJsonLine(json);
  } catch {
    return undefined;
  }
}
