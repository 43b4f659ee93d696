import { expect } from 'chai';
import { table } from '../../src/cli/table.js';

describe('table', () => {
  it('makes each column as wide as its widest cell, and ends no line in spaces', () => {
    const rows = [
      ['Blake', '127.0.0.1:12000', ''],
      ['Metta', '', 'x'],
    ];
    expect(table(['server', 'clients', ''], rows).split('\n')).to.deep.equal([
      '  server  clients',
      '  Blake   127.0.0.1:12000',
      '  Metta                    x',
    ]);
  });
});
