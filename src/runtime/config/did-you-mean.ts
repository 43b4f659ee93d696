/** Maximum edit distance of a suggestion. */
const maxEdits = 3;

/** Returns the known word that is closest to a text; undefined if none is close. */
export function closestMatch(written: string, words: readonly string[]): string | undefined {
  const maxDistance = Math.min(maxEdits, Math.floor(written.length / 2));
  const candidates = words
    .map((word) => ({ word, edits: editDistance(written.toLowerCase(), word.toLowerCase()) }))
    .filter(
      ({ word, edits }) =>
        edits <= maxDistance || (written !== '' && word.toLowerCase().startsWith(written.toLowerCase())),
    )
    .sort((a, b) => a.edits - b.edits);
  return candidates[0]?.word;
}

/** Suggests the closest known word, or else lists all of them. */
export function didYouMean(written: string, words: readonly string[]): string {
  const nearest = closestMatch(written, words);
  return nearest === undefined ? `expected one of ${words.join(', ')}` : `did you mean ${nearest}?`;
}

/** Number of letters to insert, remove, replace or swap (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let rowBeforeLast: number[] = [];
  let lastRow = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const currentRow = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitutionCost = a[row - 1] === b[column - 1] ? 0 : 1;
      let edits = Math.min(
        (lastRow[column] ?? 0) + 1,
        (currentRow[column - 1] ?? 0) + 1,
        (lastRow[column - 1] ?? 0) + substitutionCost,
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, (rowBeforeLast[column - 2] ?? 0) + 1);
      currentRow.push(edits);
    }
    rowBeforeLast = lastRow;
    lastRow = currentRow;
  }
  return lastRow[b.length] ?? 0;
}
