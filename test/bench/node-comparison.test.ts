import { expect } from 'chai';
import { Figures } from '../../bench/report/figure.js';
import { formatNodeComparison, onNode } from '../../bench/report/node-comparison.js';

describe('formatNodeComparison', () => {
  it('compares the rate and the CPU time with those on the first version, round by round', () => {
    const figures = new Figures();
    const of = { benchmark: 'pipelined', unit: 'per second' } as const;
    for (const [version, values] of [
      ['v20', [10, 1, 10]],
      ['v22', [20, 2, 5]],
    ] as const) {
      const subject = onNode('Herd', version);
      figures.add({ ...of, subject, metric: 'rate', values });
      figures.add({ ...of, subject, metric: 'max lag', values });
    }
    const lines = formatNodeComparison(figures, ['v20', 'v22']).trimEnd().split('\n');
    expect(lines.map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      ['against Node v20', 'v22'],
      ['pipelined, rate', '2.00 x'],
    ]);
  });
});
