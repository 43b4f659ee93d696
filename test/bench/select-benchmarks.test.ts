import { expect } from 'chai';
import { selectBenchmarks } from '../../bench/benchmarks/all.js';

describe('selectBenchmarks', () => {
  const names = (given: readonly string[], kind: 'full' | 'quick') =>
    selectBenchmarks(given, kind).map(({ name }) => name);

  it('selects named benchmarks and those whose name continues with a hyphen', () => {
    expect(names(['nats'], 'quick')).to.deep.equal(['nats-scaling', 'nats-cost', 'nats-failure', 'nats-join']);
    expect(names(['refill', 'nats-join'], 'full')).to.deep.equal(['refill', 'nats-join']);
    expect(() => names(['bogus'], 'full')).to.throw('unknown benchmark bogus');
  });

  it('without names, selects the default benchmarks, fewer in a quick run, and none of NATS', () => {
    const [full, quick] = [names([], 'full'), names([], 'quick')];
    expect(full)
      .to.include.members([...quick, 'latency'])
      .and.not.include('nats-cost');
    expect(quick).to.include('pipelined').and.not.include('latency');
  });
});
