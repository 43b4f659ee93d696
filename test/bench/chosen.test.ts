import { expect } from 'chai';
import { chosen } from '../../bench/benchmarks/all.js';

describe('the measures of a run', () => {
  const names = (given: readonly string[], kind: 'full' | 'quick') => chosen(given, kind).map(({ name }) => name);

  it('are those that are named, or whose names go on behind a comma', () => {
    expect(names(['spread'], 'quick')).to.deep.equal(['spread', 'spread, memory']);
    expect(names(['refill', 'spread, memory'], 'full')).to.deep.equal(['refill', 'spread, memory']);
    expect(() => names(['spred'], 'full')).to.throw('There is no measure spred.');
  });

  it('are the usual ones without a name: fewer if it must be quick, and of spreading none', () => {
    const [full, quick] = [names([], 'full'), names([], 'quick')];
    expect(full)
      .to.include.members([...quick, 'latency'])
      .and.not.include('spread');
    expect(quick).to.include('pipelined').and.not.include('latency');
  });
});
