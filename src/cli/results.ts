/** What is near, for people: one line a post or place of an upstream's answer. */
export function describeResults(json: string): string {
  const answer = JSON.parse(json) as { error?: unknown; error_message?: unknown; results?: unknown };
  const trouble = answer.error ?? answer.error_message;
  if (typeof trouble === 'string') return `The upstream gave no answer: ${trouble}`;
  const results = Array.isArray(answer.results) ? (answer.results as Record<string, unknown>[]) : [];
  if (results.length === 0) return 'Nothing is near.';
  return results.map((result) => `  ${describeResult(result)}`).join('\n');
}

function describeResult(result: Record<string, unknown>): string {
  if (typeof result['text'] === 'string') {
    return `${String(result['created_at'])}  @${String(result['from_user'])}: ${result['text']}`;
  }
  return [result['name'], result['vicinity']].filter((part) => typeof part === 'string').join(', ');
}
