/** Whether a subject may stand for several: it has a token `*`, or ends with the token `>`. */
export function hasWildcard(pattern: string): boolean {
  return pattern.split('.').some((token) => token === '*' || token === '>');
}

/** Whether a pattern matches a subject: `*` matches one token, `>` at the end one or more. */
export function matchesSubject(pattern: string, subject: string): boolean {
  const expected = pattern.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of expected.entries()) {
    if (token === '>') return tokens.length > index;
    if (index >= tokens.length || (token !== '*' && token !== tokens[index])) return false;
  }
  return tokens.length === expected.length;
}

/** Subscriptions by subject. */
export class SubjectTable<Entry extends { readonly subject: string }> {
  private readonly exact = new Map<string, Set<Entry>>();
  private readonly wildcards = new Set<Entry>();

  add(entry: Entry): void {
    if (hasWildcard(entry.subject)) {
      this.wildcards.add(entry);
      return;
    }
    const entries = this.exact.get(entry.subject);
    if (entries === undefined) this.exact.set(entry.subject, new Set([entry]));
    else entries.add(entry);
  }

  delete(entry: Entry): void {
    this.wildcards.delete(entry);
    const entries = this.exact.get(entry.subject);
    entries?.delete(entry);
    if (entries?.size === 0) this.exact.delete(entry.subject);
  }

  /** Returns the entries that match a subject, those without wildcards first, each in the order of adding. */
  match(subject: string): Entry[] {
    const entries = [...(this.exact.get(subject) ?? [])];
    for (const entry of this.wildcards) if (matchesSubject(entry.subject, subject)) entries.push(entry);
    return entries;
  }
}
