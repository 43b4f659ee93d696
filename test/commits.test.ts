import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

// Compiled, this file is in dist/test.
const project = fileURLToPath(new URL('../../', import.meta.url));

/** `area: imperative summary`, without a full stop. */
const pattern = /^[a-z][a-z0-9 ,-]*: [a-z].*[^.]$/;
const maxLength = 72;

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** What is wrong with a subject; undefined if nothing is. */
function problemOf(subject: string): string | undefined {
  if (subject.length > maxLength) return `${subject.length} characters, more than ${maxLength}: ${subject}`;
  return pattern.test(subject) ? undefined : `must be "area: imperative summary": ${subject}`;
}

describe('subjects of commits', () => {
  it('have the form "area: imperative summary", at most 72 characters, since this test exists', function () {
    let subjects: string;
    try {
      const [since = ''] = git('log', '--diff-filter=A', '--format=%H', '--', 'test/commits.test.ts')
        .trim()
        .split('\n');
      subjects = since === '' ? '' : git('log', '--no-merges', '--format=%s', `${since}..HEAD`);
    } catch {
      // Neither a package nor an archive has a history.
      this.skip();
    }
    expect(subjects.split('\n').filter(Boolean).map(problemOf).filter(Boolean)).to.deep.equal([]);
  });

  it('are told apart', () => {
    expect(problemOf('store: evict by receipt')).to.equal(undefined);
    expect(problemOf('The store evicts by receipt')).to.match(/must be/);
    expect(problemOf('store: evict by receipt.')).to.match(/must be/);
    expect(problemOf(`store: ${'x'.repeat(maxLength)}`)).to.match(/79 characters/);
  });
});
