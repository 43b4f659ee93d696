import type { ByteString } from '../protocol/text/bytes.js';
import { oneLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { ConfigError } from '../runtime/errors.js';

/**
 * An upstream that a program has handed in, watched: clients depend on one line of JSON, and a type cannot promise that.
 * @throws ConfigError if it has no sound limits, or its failures are no JSON
 */
export function ownUpstream(upstream: Upstream): Upstream {
  const { countMax, radiusKmMax, radiusBeyondMax = 'clamp' } = upstream;
  const problems = problemsOf(upstream);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    countMax,
    radiusKmMax,
    radiusBeyondMax,
    units: (question) => upstream.units?.(question) ?? 1,
    request: (question) => upstream.request(question),
    answer: (response, question) => {
      const line = lineOf(upstream.answer(response, question));
      // A fault of the program's: the log should say so, and clients need not know.
      if (line === undefined)
        throw new TypeError('the answer of the upstream is no JSON in UTF-8; bytesOf makes that of a text');
      return line;
    },
    failure: (message) => lineOf(upstream.failure(message)) ?? '{}',
  };
}

function problemsOf(upstream: Upstream): string[] {
  const { countMax, radiusKmMax, radiusBeyondMax = 'clamp' } = upstream;
  const problems: string[] = [];
  if (!Number.isSafeInteger(countMax) || countMax < 0) problems.push('countMax must be a whole number, 0 or more');
  if (!Number.isFinite(radiusKmMax) || radiusKmMax < 0) problems.push('radiusKmMax must be a number, 0 or more');
  // A program that is not typed may give any.
  if (!['clamp', 'reject'].includes(radiusBeyondMax)) problems.push('radiusBeyondMax must be clamp or reject');
  if (lineOf(upstream.failure('é "quoted"\n')) === undefined) {
    problems.push('failure must make JSON in UTF-8; bytesOf makes that of a text');
  }
  return problems.map((problem) => `the upstream: ${problem}`);
}

/** The same on one line; undefined for what is no JSON in UTF-8. */
function lineOf(json: ByteString): ByteString | undefined {
  // What is no byte.
  if (/[\u0100-\uffff]/.test(json)) return undefined;
  try {
    return oneLine(json);
  } catch {
    return undefined;
  }
}
