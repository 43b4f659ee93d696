import { expect } from 'chai';
import { insertReport } from '../../bench/report/page.js';

const page = '# Page\n\n<!-- bench: how -->\n\nold\n\n<!-- end of bench -->\n\nmore\n';

describe('insertReport', () => {
  it('replaces the previous report of a section', () => {
    const updated = insertReport(page, 'new\n');
    expect(updated).to.equal('# Page\n\n<!-- bench: how -->\n\n```\nnew\n```\n\n<!-- end of bench -->\n\nmore\n');
    expect(insertReport(updated, 'new')).to.equal(updated);
    expect(insertReport(page.replaceAll('bench', 'plan'), 'new', 'plan')).to.equal(updated.replaceAll('bench', 'plan'));
  });

  it('throws if the page does not have the section', () => {
    expect(() => insertReport('# Page', 'new')).to.throw('section <!-- bench: ... --> is missing');
    expect(() => insertReport(page, 'new', 'plan')).to.throw('section <!-- plan: ... --> is missing');
  });
});
