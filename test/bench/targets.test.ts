import { expect } from 'chai';
import { Figures } from '../../bench/report/figure.js';
import { verdicts } from '../../bench/report/targets.js';

function withRates(ours: number[], theirs: number[]): Figures {
  const figures = new Figures();
  for (const [subject, values] of [
    ['Herd, five processes', ours],
    ['Twisted', theirs],
  ] as const) {
    figures.add({ measure: 'pipelined', subject, metric: 'rate', unit: 'a second', values });
  }
  return figures;
}

const against = (figures: Figures) => verdicts(figures).find(({ what }) => what.includes('pipelined: throughput'));

describe('what the bench must show', () => {
  it('passes what reaches what is asked', () => {
    expect(against(withRates([120, 130], [10, 10]))).to.include({ measured: '12.50 x', verdict: 'pass' });
  });

  it('fails what does not', () => {
    expect(against(withRates([119], [10]))).to.include({ asked: '12.00 x or more', verdict: 'FAIL' });
  });

  it('fails a herd that never kept up', () => {
    expect(against(withRates([0, 0], [10, 10]))?.verdict).to.equal('FAIL');
  });

  it('says what was not measured', () => {
    expect(verdicts(new Figures()).map(({ verdict }) => verdict)).to.not.include('pass');
  });
});
