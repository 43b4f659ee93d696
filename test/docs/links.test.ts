import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';

// Compiled, this file is in dist/test/docs.
const project = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, project), 'utf8');
const pages = [
  ...readdirSync(project, { encoding: 'utf8' }).filter((name) => name.endsWith('.md')),
  ...readdirSync(new URL('docs/', project), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].sort();

function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** Anchors of a page, as GitHub makes them of headings and as `<a id>` sets them. */
function anchorsOf(path: string): Set<string> {
  const text = read(path);
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id));
  for (const [, heading = ''] of text.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function problemsOf(path: string): string[] {
  const links = [...withoutCode(read(path)).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
    ([, link = '']) => link,
  );
  return links.flatMap((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), file);
    if (!existsSync(new URL(target, project))) return [`${path}: ${link} does not exist`];
    if (anchor === undefined || !target.endsWith('.md')) return [];
    return anchorsOf(target).has(anchor) ? [] : [`${path}: ${link} has no such anchor`];
  });
}

describe('links in the documentation', () => {
  it('lead to files and headings that exist', () => {
    expect(pages.flatMap(problemsOf)).to.deep.equal([]);
  });

  it('lead from the index to every page', () => {
    const linked = [...read('docs/index.md').matchAll(/\]\(([^)#\s]+)/g)].map(([, link = '']) =>
      posix.join('docs', link),
    );
    const missing = pages.filter(
      (page) => page.startsWith('docs/') && page !== 'docs/index.md' && !linked.includes(page),
    );
    expect(missing).to.deep.equal([]);
  });
});

describe('size of the documentation', () => {
  const countWords = (text: string): number => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  /** What scripts write is not counted. */
  const byHand = (text: string): string => text.replace(/<!-- (\w+): [^>]*-->[\s\S]*?<!-- end of \1 -->/g, '');

  it('is at most 25,000 words, 900 of them in the README', () => {
    expect(countWords(read('README.md'))).to.be.at.most(900);
    const words = pages.map((page) => countWords(byHand(read(page)))).reduce((sum, count) => sum + count, 0);
    expect(words).to.be.at.most(25_000);
  });
});
