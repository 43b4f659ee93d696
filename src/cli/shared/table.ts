/**
 * A table of text for a terminal: columns as wide as their widest cell.
 * @param rightAligned the columns whose cells are written to the right, as numbers are
 */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number> = new Set(),
): string {
  const all = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    rightAligned.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return all.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd()).join('\n');
}
