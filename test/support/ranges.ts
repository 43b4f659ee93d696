/** Calls a function for every range of `length` bytes, empty ones included. */
export function forEachRange(length: number, visit: (start: number, end: number) => void): void {
  for (let start = 0; start <= length; start += 1) for (let end = start; end <= length; end += 1) visit(start, end);
}
