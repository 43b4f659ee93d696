const begins = '<!-- bench: ';
const ends = '<!-- end of bench -->';

/** A page of the docs with that report in the place that it has for it. @throws if it has none */
export function withReport(page: string, report: string): string {
  const begin = page.indexOf('-->\n', page.indexOf(begins)) + '-->\n'.length;
  const end = page.indexOf(ends);
  if (!page.includes(begins) || end < begin) throw new Error('the page has no place for a report');
  return `${page.slice(0, begin)}\n\`\`\`\n${report.trimEnd()}\n\`\`\`\n\n${page.slice(end)}`;
}
