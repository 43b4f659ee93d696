import { expect } from 'chai';
import { selectBenchmarks } from '../../bench/benchmarks/all.js';

describe('selectBenchmarks', () => {
  const names = (given: readonly string[], kind: 'full' | 'quick') =>
    selectBenchmarks(given, kind).map(({ name }) => name);

  it('selects named benchmarks and those whose name continues with a hyphen', () => {
    expect(names(['replication'], 'quick')).to.deep.equal(['replication', 'replication-memory']);
    expect(names(['refill', 'replication-memory'], 'full')).to.deep.equal(['refill', 'replication-memory']);
    expect(() => names(['bogus'], 'full')).to.throw('unknown benchmark bogus');
  });

  it('without names, selects the default benchmarks, fewer in a quick run, and none of replication', () => {
    const [full, quick] = [names([], 'full'), names([], 'quick')];
    expect(full)
      .to.include.members([...quick, 'latency'])
      .and.not.include('replication');
    expect(quick).to.include('pipelined').and.not.include('latency');
  });
});
