/**
 * A table of text for a terminal: columns as wide as their widest cell.
 * @param numbers the columns whose cells are written to the right, as numbers are
 */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: ReadonlySet<number> = new Set(),
): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const padded = (cell: string, column: number) =>
    numbers.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return all.map((row) => `  ${row.map(padded).join('  ')}`.trimEnd()).join('\n');
}
