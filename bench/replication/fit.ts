/**
 * Linear least squares on relative errors: returns the factor of each term. Terms whose factor would be negative are removed and
 * get 0, because a negative cost is noise.
 * @throws Error if the rows do not determine the factors
 */
export function fitFactors(rows: readonly { readonly terms: readonly number[]; readonly value: number }[]): number[] {
  const count = rows[0]?.terms.length ?? 0;
  let used = Array.from({ length: count }, (_, term) => term);
  for (;;) {
    const factors = solve(normalEquations(rows, used));
    const negative = used.filter((_, at) => (factors[at] ?? 0) < 0);
    if (negative.length === 0) return Array.from({ length: count }, (_, term) => factors[used.indexOf(term)] ?? 0);
    used = used.filter((term) => !negative.includes(term));
  }
}

/** Normal equations of the used terms; the last element of each row is the right-hand side. */
function normalEquations(
  rows: readonly { readonly terms: readonly number[]; readonly value: number }[],
  used: readonly number[],
): number[][] {
  // Relative to the value, so that the largest herds do not dominate.
  const scaled = rows.map(({ terms, value }) => used.map((term) => (terms[term] ?? 0) / value));
  const sum = (of: (row: readonly number[]) => number) => scaled.reduce((total, row) => total + of(row), 0);
  return used.map((_, one) => [
    ...used.map((__, other) => sum((row) => (row[one] ?? 0) * (row[other] ?? 0))),
    sum((row) => row[one] ?? 0),
  ]);
}

/** Gauss-Jordan elimination with partial pivoting. */
function solve(equations: number[][]): number[] {
  for (let at = 0; at < equations.length; at += 1) {
    const largest = equations
      .slice(at)
      .reduce((best, row) => (Math.abs(row[at] ?? 0) > Math.abs(best[at] ?? 0) ? row : best));
    if (Math.abs(largest[at] ?? 0) < 1e-12)
      throw new Error('too few herd sizes were measured to determine the constants');
    equations[equations.indexOf(largest)] = equations[at] ?? [];
    const pivot = largest.map((value) => value / (largest[at] ?? NaN));
    equations[at] = pivot;
    for (const [index, row] of equations.entries()) {
      const factor = row[at] ?? 0;
      if (index !== at) equations[index] = row.map((value, column) => value - factor * (pivot[column] ?? 0));
    }
  }
  return equations.map((row) => row.at(-1) ?? NaN);
}
