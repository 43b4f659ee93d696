/** Edits beyond which a word is not a slip for another. */
const editsMax = 3;

/** The word that was most likely meant; undefined if none is near. */
export function nearestWord(written: string, words: readonly string[]): string | undefined {
  const most = Math.min(editsMax, Math.floor(written.length / 2));
  const near = words
    .map((word) => ({ word, edits: editsBetween(written.toLowerCase(), word.toLowerCase()) }))
    .filter(
      ({ word, edits }) => edits <= most || (written !== '' && word.toLowerCase().startsWith(written.toLowerCase())),
    )
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.word;
}

/** What is said of a word that is none: the nearest that is one, or all of them. */
export function insteadOf(written: string, words: readonly string[]): string {
  const nearest = nearestWord(written, words);
  return nearest === undefined ? `here go ${words.join(', ')}` : `did you mean ${nearest}?`;
}

/** Letters to insert, remove, replace or swap with their neighbour (optimal string alignment distance). */
function editsBetween(a: string, b: string): number {
  let older: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const present = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const differs = a[row - 1] === b[column - 1] ? 0 : 1;
      let edits = Math.min(
        (above[column] ?? 0) + 1,
        (present[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + differs,
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, (older[column - 2] ?? 0) + 1);
      present.push(edits);
    }
    older = above;
    above = present;
  }
  return above[b.length] ?? 0;
}
