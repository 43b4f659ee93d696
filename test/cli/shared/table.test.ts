import { expect } from 'chai';
import { formatTable } from '../../../src/cli/shared/table.js';

describe('formatTable', () => {
  it('makes each column as wide as its widest cell, and ends no line in spaces', () => {
    const rows = [
      ['Blake', '127.0.0.1:12000', ''],
      ['Metta', '', 'x'],
    ];
    expect(formatTable(['server', 'clients', ''], rows).split('\n')).to.deep.equal([
      '  server  clients',
      '  Blake   127.0.0.1:12000',
      '  Metta                    x',
    ]);
  });

  it('writes numbers to the right', () => {
    const rows = [
      ['Blake', '7', 'x'],
      ['Metta', '1,234', ''],
    ];
    expect(formatTable(['server', 'n', ''], rows, new Set([1])).split('\n')).to.deep.equal([
      '  server      n',
      '  Blake       7  x',
      '  Metta   1,234',
    ]);
  });
});
