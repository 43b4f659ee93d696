import { expect } from 'chai';
import fc from 'fast-check';
import { directiveFor, policies, type ActorKind } from '../../../src/actors/bus/supervision.js';

const kinds = Object.keys(policies) as ActorKind[];

describe('directiveFor', () => {
  it('applies the policy of each kind of actor', () => {
    const first = Object.fromEntries(kinds.map((kind) => [kind, directiveFor(kind, [], 0)]));
    expect(first).to.deep.equal({
      connection: 'stop',
      store: 'resume',
      flood: 'restart',
      nats: 'escalate',
      subscriptions: 'restart',
      lookup: 'restart',
      gateway: 'resume',
      'clock-monitor': 'resume',
      link: 'restart',
      acceptor: 'restart',
      upstream: 'restart',
    });
  });

  it('escalates the failure that is one too many within the window', () => {
    const before = (count: number) => Array.from({ length: count }, (_, index) => 1_000 + index);
    expect(directiveFor('link', before(9), 2_000)).to.equal('restart');
    expect(directiveFor('link', before(10), 2_000)).to.equal('escalate');
    expect(directiveFor('store', before(99), 2_000)).to.equal('resume');
    expect(directiveFor('store', before(100), 2_000)).to.equal('escalate');
  });

  it('never escalates failures that a single client can cause', () => {
    expect(directiveFor('connection', new Array<number>(10_000).fill(0), 0)).to.equal('stop');
  });

  it('ignores failures outside the window', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.array(fc.nat(1_000_000)), fc.nat(1_000_000), (kind, ages, nowMs) => {
        const { withinMs, directive } = policies[kind];
        const old = ages.map((ageMs) => nowMs - withinMs - ageMs);
        expect(directiveFor(kind, old, nowMs)).to.equal(directive);
      }),
    );
    const tenMs = new Array<number>(10).fill(0);
    expect(directiveFor('link', tenMs, 9_999)).to.equal('escalate');
    expect(directiveFor('link', tenMs, 10_000)).to.equal('restart');
  });
});
