import { expect } from 'chai';
import { Figures } from '../../bench/report/figure.js';
import { judgeTargets } from '../../bench/report/targets.js';

function figuresWithRates(ours: number[], theirs: number[]): Figures {
  const figures = new Figures();
  for (const [subject, values] of [
    ['Herd, five processes', ours],
    ['Twisted', theirs],
  ] as const) {
    figures.add({ benchmark: 'pipelined', subject, metric: 'rate', unit: 'per second', values });
  }
  return figures;
}

const verdictOn = (figures: Figures, description = 'pipelined, rate: five processes / Twisted') =>
  judgeTargets(figures).find((verdict) => verdict.description.includes(description));

describe('judgeTargets', () => {
  it('passes a ratio that is reached, with both medians and the range of the rounds', () => {
    const verdict = verdictOn(figuresWithRates([300, 200, 220], [10, 10, 10]));
    expect(verdict).to.include({ ours: '220', other: '10', measured: '22.0 x [20.0 x, 30.0 x]', verdict: 'passed' });
  });

  it('compares round by round, not medians', () => {
    expect(verdictOn(figuresWithRates([100, 10, 30], [1, 1, 10]))?.measured).to.equal('10.0 x [3.00 x, 100 x]');
  });

  it('fails a ratio that is missed', () => {
    expect(verdictOn(figuresWithRates([199], [10]))).to.include({ goal: '20 x or more', verdict: 'FAILED' });
  });

  it('fails a herd that never kept up', () => {
    expect(verdictOn(figuresWithRates([0, 0], [10, 10]))?.verdict).to.equal('FAILED');
  });

  it('does not count rounds in which the other system did not keep up', () => {
    expect(verdictOn(figuresWithRates([300, 10], [0, 10]))).to.include({ measured: '1.00 x', verdict: 'FAILED' });
    expect(verdictOn(figuresWithRates([300], [0]))?.verdict).to.equal('not measured');
  });

  it('checks an absolute bound against the median', () => {
    const figures = new Figures();
    const of = { benchmark: 'memory', subject: 'Herd, five processes', metric: 'per location, resident' } as const;
    figures.add({ ...of, unit: 'bytes', values: [150, 170, 155] });
    expect(verdictOn(figures, 'Resident memory per location')).to.include({
      goal: '160 or less',
      measured: '155 [150, 170]',
      verdict: 'passed',
    });
  });

  it('reports targets without figures as not measured, also if only one side was measured', () => {
    expect(new Set(judgeTargets(new Figures()).map(({ verdict }) => verdict))).to.deep.equal(new Set(['not measured']));
    const figures = figuresWithRates([1], []);
    expect(verdictOn(figures)).to.include({ ours: '1', other: '', verdict: 'not measured' });
  });
});
