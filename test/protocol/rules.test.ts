import { readdirSync, readFileSync } from 'node:fs';

import { expect } from 'chai';
import ts from 'typescript';

// Compiled, this file stands in dist/test/protocol.
const project = new URL('../../../', import.meta.url);
const page = ['client-protocol', 'peer-protocol', 'nats-protocol']
  .map((name) => readFileSync(new URL(`docs/reference/${name}.md`, project), 'utf8'))
  .join('\n');

const definition = /^- \*\*\[([A-Z]{2}\d+)\]\*\*/gm;
const mention = /\[([A-Z]{2}\d+)\]/g;

function idsIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, id = '']) => id);
}

/** The titles of the tests in a file, and of their groups; of those that are skipped, none. */
function titlesIn(text: string): string[] {
  const source = ts.createSourceFile('test.ts', text, ts.ScriptTarget.Latest, true);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText(source);
      if (/^(?:it|describe)\.skip$/.test(called)) return;
      const [title] = node.arguments;
      if (title !== undefined && /^(?:it|describe)(?:\.only)?$/.test(called)) titles.push(title.getText(source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

function namedByTests(): Map<string, string[]> {
  const files = readdirSync(new URL('test/', project), { recursive: true, encoding: 'utf8' });
  const named = new Map<string, string[]>();
  for (const file of files.filter((name) => name.endsWith('.test.ts')).sort()) {
    const titles = titlesIn(readFileSync(new URL(`test/${file}`, project), 'utf8'));
    for (const id of titles.flatMap((title) => idsIn(title, mention))) {
      named.set(id, [...(named.get(id) ?? []), file]);
    }
  }
  return named;
}

describe('the rules of the protocol reference', () => {
  const rules = idsIn(page, definition);
  const named = namedByTests();

  it('are there', () => {
    expect(rules).to.have.length.above(50);
  });

  it('are defined once each', () => {
    const twice = rules.filter((id, at) => rules.indexOf(id) !== at);
    expect(twice).to.deep.equal([]);
  });

  it('refer to rules that exist', () => {
    const strangers = idsIn(page, mention).filter((id) => !rules.includes(id));
    expect(strangers).to.deep.equal([]);
  });

  it('have a test each that names them', () => {
    const untested = rules.filter((id) => !named.has(id));
    expect(untested, 'rules that no test names in its title').to.deep.equal([]);
  });

  it('are all that tests name', () => {
    const strangers = [...named]
      .filter(([id]) => !rules.includes(id))
      .map(([id, files]) => `${id} in ${files.join(', ')}`);
    expect(strangers, 'named by a test, but no rule').to.deep.equal([]);
  });
});

describe('the titles of tests', () => {
  it('are found wherever they stand, but not in comments, other texts or skipped tests', () => {
    const text = `
      // it('a comment')
      describe('group', () => {
        for (const name of names) it(\`\${name} one\`, () => expect("it('text')").to.equal(1));
        it.skip('skipped', () => {});
        describe.skip('skipped', () => { it('inside', () => {}); });
        it.only('two', function () {});
      });`;
    expect(titlesIn(text)).to.deep.equal(["'group'", '`${name} one`', "'two'"]);
  });
});
