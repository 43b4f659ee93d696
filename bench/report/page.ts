/**
 * A page of the docs with that report in the place that it has for it: behind a comment that begins with the place's name and a colon, before
 * `end of` and the name. @throws if it has none
 */
export function withReport(page: string, report: string, place = 'bench'): string {
  const begins = page.indexOf(`<!-- ${place}: `);
  const begin = page.indexOf('-->\n', begins) + '-->\n'.length;
  const end = page.indexOf(`<!-- end of ${place} -->`);
  if (begins < 0 || end < begin) throw new Error('the page has no place for a report');
  return `${page.slice(0, begin)}\n\`\`\`\n${report.trimEnd()}\n\`\`\`\n\n${page.slice(end)}`;
}
