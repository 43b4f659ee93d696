/** A line of others as a terminal may show it: control characters could play with it. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
