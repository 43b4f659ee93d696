import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import ts from 'typescript';

// Compiled, this file is in dist/test/docs.
const project = new URL('../../../', import.meta.url);

/** Words that the documentation and messages for people used for what the field has a term for, and no longer use. */
const retiredWords =
  /\b(?:anew|for ever|in vain|whoever|nobody|is none|mend(?:s|ed|ing)?|doors?|desk|farewell|stor(?:y|ies)|tripped|rubbish|violated|vacuous|signs? of life|told|tells|hears?|heard|by hand|he|she|him|her|talks? with|come to nothing|strange|unseen|forgets?|forgotten|beats?)\b/gi;

/** Parts of names that the code no longer uses. */
const retiredNameParts =
  /(?:Door|Desk|Farewell|Edges|Seeker|Story|Stage|Told|Spoken|Journal|Reception|Inquiry|Pace|Promised|World(?!Map|Outline|Data|$)|Rubbish|Mend|Sought)(?=[A-Z]|$|s$)/;

function filesUnder(folder: string, extension: string): string[] {
  return readdirSync(new URL(folder, project), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}${name}`)
    .sort();
}

function read(path: string): string {
  return readFileSync(new URL(path, project), 'utf8');
}

/** A page without what scripts write: the reference is made from messages in the code, which are checked themselves. */
function byHand(text: string): string {
  return text.replace(/<!-- (\w+): [^>]*-->[\s\S]*?<!-- end of \1 -->/g, '');
}

function sourceOf(path: string): ts.SourceFile {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
}

/** Texts for people in a source file: string literals and templates of several words. */
function messagesIn(source: ts.SourceFile): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
    if (isText && /\w \w/.test(node.text)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

function exportedNames(source: ts.SourceFile): string[] {
  return source.statements.flatMap((statement): string[] => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText(source));
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.getText(source)];
  });
}

function hits(path: string, texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    [...text.matchAll(retiredWords)].map(
      ([word]) => `${path}: "${word}" in ${text.trim().replaceAll('\n', ' ').slice(0, 100)}`,
    ),
  );
}

describe('retired words', () => {
  const sources = ['src/', 'web/', 'bench/'].flatMap((folder) => filesUnder(folder, '.ts')).map(sourceOf);
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...filesUnder('docs/', '.md')];

  it('are not in the documentation', () => {
    const found = pages.flatMap((path) =>
      hits(
        path,
        byHand(read(path))
          .replace(/`[^`\n]*`/g, '')
          .split('\n'),
      ),
    );
    expect(found).to.deep.equal([]);
  });

  it('are not in messages for people', () => {
    const found = sources.flatMap((source) => hits(source.fileName, messagesIn(source)));
    expect(found).to.deep.equal([]);
  });

  it('are not in exported names', () => {
    const found = sources.flatMap((source) =>
      exportedNames(source)
        .filter((name) => retiredNameParts.test(name.charAt(0).toUpperCase() + name.slice(1)))
        .map((name) => `${source.fileName}: ${name}`),
    );
    expect(found).to.deep.equal([]);
  });
});
