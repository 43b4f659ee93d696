/**
 * The factors by which the terms of each row add up to its value, as nearly as can be: the sum of the squares of what is wrong in parts of
 * the value is least. A factor that would be negative, for noise is all there is of it, is 0. @throws if the rows do not decide the factors
 */
export function fit(rows: readonly { readonly terms: readonly number[]; readonly value: number }[]): number[] {
  const count = rows[0]?.terms.length ?? 0;
  let used = Array.from({ length: count }, (_, term) => term);
  for (;;) {
    const factors = solved(normalOf(rows, used));
    const wrong = used.filter((_, at) => (factors[at] ?? 0) < 0);
    if (wrong.length === 0) return Array.from({ length: count }, (_, term) => factors[used.indexOf(term)] ?? 0);
    used = used.filter((term) => !wrong.includes(term));
  }
}

/** The normal equations of the terms that are used, each with its right side at its end. */
function normalOf(
  rows: readonly { readonly terms: readonly number[]; readonly value: number }[],
  used: readonly number[],
): number[][] {
  // In parts of the value: what the largest herds cost would drown all others.
  const scaled = rows.map(({ terms, value }) => used.map((term) => (terms[term] ?? 0) / value));
  const sum = (of: (row: readonly number[]) => number) => scaled.reduce((total, row) => total + of(row), 0);
  return used.map((_, one) => [
    ...used.map((__, other) => sum((row) => (row[one] ?? 0) * (row[other] ?? 0))),
    sum((row) => row[one] ?? 0),
  ]);
}

/** Gauss and Jordan, with the largest pivot. */
function solved(equations: number[][]): number[] {
  for (let at = 0; at < equations.length; at += 1) {
    const largest = equations
      .slice(at)
      .reduce((best, row) => (Math.abs(row[at] ?? 0) > Math.abs(best[at] ?? 0) ? row : best));
    if (Math.abs(largest[at] ?? 0) < 1e-12) throw new Error('too few sizes were measured to tell what each part costs');
    equations[equations.indexOf(largest)] = equations[at] ?? [];
    const pivot = largest.map((value) => value / (largest[at] ?? NaN));
    equations[at] = pivot;
    for (const [index, row] of equations.entries()) {
      const part = row[at] ?? 0;
      if (index !== at) equations[index] = row.map((value, column) => value - part * (pivot[column] ?? 0));
    }
  }
  return equations.map((row) => row.at(-1) ?? NaN);
}
