import { expect } from 'chai';
import { describeResults } from '../../../src/cli/shared/describe-results.js';

describe('describeResults', () => {
  it('formats a post on one line', () => {
    const post = { created_at: 'Sun, 12 May 2013 00:13:53 +0000', from_user: 'kiwi', text: 'Hello 🥝' };
    expect(describeResults(JSON.stringify({ results: [post, post] }))).to.equal(
      ['', ''].map(() => '  Sun, 12 May 2013 00:13:53 +0000  @kiwi: Hello 🥝').join('\n'),
    );
  });

  it('formats a place on one line, with missing fields left out', () => {
    const places = [{ name: 'Westwood', vicinity: 'Los Angeles' }, { name: 'Bel Air' }, { vicinity: 7 }];
    expect(describeResults(JSON.stringify({ results: places }))).to.equal('  Westwood, Los Angeles\n  Bel Air\n  ');
  });

  it('reports that there are no results', () => {
    for (const json of ['{"results":[]}', '{}', '{"results":"none"}']) {
      expect(describeResults(json)).to.equal('No results.');
    }
  });

  it('prints warnings and attributions below the results', () => {
    expect(describeResults('{"results":[],"warning":"adjusted radius to 40km"}')).to.equal(
      'No results.\n\nNote: adjusted radius to 40km',
    );
    const answer = {
      html_attributions: [
        'Articles of <a href="https://www.wikipedia.org/">Wiki&amp;pedia</a>, <b>CC</b> BY-SA 4.0',
        7,
      ],
      info_messages: ['adjusted radius to 10km'],
      results: [{ name: 'Westwood' }],
    };
    expect(describeResults(JSON.stringify(answer))).to.equal(
      [
        '  Westwood',
        '',
        'Note: adjusted radius to 10km',
        'From: Articles of Wiki&pedia (https://www.wikipedia.org/), CC BY-SA 4.0',
      ].join('\n'),
    );
  });

  it('replaces terminal control characters', () => {
    const name = '\x1b]0;mine\x07Ann\nBob';
    const answer = { results: [{ name }], warning: '\x1b[31m', html_attributions: ['\x9b2J'] };
    expect(describeResults(JSON.stringify(answer))).to.equal('  ?]0;mine?Ann?Bob\n\nNote: ?[31m\nFrom: ?2J');
    expect(describeResults(JSON.stringify({ error: '\x1b[2J' }))).to.equal('Upstream error: ?[2J');
  });

  it("prints the upstream's error in both formats", () => {
    expect(describeResults('{"error":"HTTP 503"}')).to.equal('Upstream error: HTTP 503');
    expect(describeResults('{"results":[],"status":"UNKNOWN_ERROR","error_message":"HTTP 503"}')).to.equal(
      'Upstream error: HTTP 503',
    );
  });
});
