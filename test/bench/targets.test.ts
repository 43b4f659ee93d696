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

const verdictOn = (figures: Figures) =>
  judgeTargets(figures).find(({ description }) => description.includes('pipelined: throughput'));

describe('judgeTargets', () => {
  it('passes a target that is reached', () => {
    expect(verdictOn(figuresWithRates([120, 130], [10, 10]))).to.include({ measured: '12.50 x', verdict: 'passed' });
  });

  it('fails a target that is missed', () => {
    expect(verdictOn(figuresWithRates([119], [10]))).to.include({ goal: '12.00 x or more', verdict: 'FAILED' });
  });

  it('fails a herd that never kept up', () => {
    expect(verdictOn(figuresWithRates([0, 0], [10, 10]))?.verdict).to.equal('FAILED');
  });

  it('reports targets without figures as not measured', () => {
    expect(new Set(judgeTargets(new Figures()).map(({ verdict }) => verdict))).to.deep.equal(new Set(['not measured']));
  });
});
