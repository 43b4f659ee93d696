/**
 * Replaces the report between the markers `<!-- SECTION: ... -->` and `<!-- end of SECTION -->` of a documentation page.
 * @throws Error if the page has no such section
 */
export function insertReport(page: string, report: string, section = 'bench'): string {
  const marker = page.indexOf(`<!-- ${section}: `);
  const begin = page.indexOf('-->\n', marker) + '-->\n'.length;
  const end = page.indexOf(`<!-- end of ${section} -->`);
  if (marker < 0 || end < begin) throw new Error(`section <!-- ${section}: ... --> is missing from the page`);
  return `${page.slice(0, begin)}\n\`\`\`\n${report.trimEnd()}\n\`\`\`\n\n${page.slice(end)}`;
}
