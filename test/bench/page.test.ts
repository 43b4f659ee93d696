import { expect } from 'chai';
import { withReport } from '../../bench/report/page.js';

describe('the report in the docs', () => {
  it('takes the place of the one before', () => {
    const page = '# Page\n\n<!-- bench: how -->\n\nold\n\n<!-- end of bench -->\n\nmore\n';
    const once = withReport(page, 'new\n');
    expect(once).to.equal('# Page\n\n<!-- bench: how -->\n\n```\nnew\n```\n\n<!-- end of bench -->\n\nmore\n');
    expect(withReport(once, 'new')).to.equal(once);
    expect(() => withReport('# Page', 'new')).to.throw('no place');
    expect(() => withReport(page, 'new', 'plan')).to.throw('no place');
    expect(withReport(page.replaceAll('bench', 'plan'), 'new', 'plan')).to.equal(once.replaceAll('bench', 'plan'));
  });
});
