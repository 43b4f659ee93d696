import { expect } from 'chai';
import { bytesOf, ConfigError, placesError, type Upstream } from '../../src/library/index.js';
import { validateUpstream } from '../../src/library/custom-upstream.js';
import { fakeUpstream } from '../support/fake-upstream.js';

const validUpstream: Upstream = { ...fakeUpstream, failure: placesError };
const question = { latitude: '1', longitude: '2', radiusKm: 3, count: 4 };

describe('validateUpstream', () => {
  function answering(json: string, changes: Partial<Upstream> = {}): string {
    const response = { status: 200, body: Buffer.alloc(0) };
    return validateUpstream({ ...validUpstream, answer: () => json, ...changes }).answer(response, question);
  }

  it('writes an answer of several lines on one', () => {
    expect(answering(bytesOf('{\n  "results": ["é –"]\n}\n'))).to.equal(bytesOf('{"results":["é –"]}'));
    expect(answering('{}', { failure: () => '{\n}' })).to.equal('{}');
  });

  for (const [what, json] of [
    ['text that is not JSON', 'nothing near'],
    ['two lines', '{}\n{}'],
    ['text that is not in UTF-8', '{"name":"é"}'],
    ['characters that are not bytes', '{"name":"–"}'],
  ] as const) {
    it(`rejects an answer of ${what}`, () => {
      expect(() => answering(json)).to.throw(TypeError, "the upstream's answer is not JSON in UTF-8");
    });
  }

  for (const [what, changes, problem] of [
    ['a maximum count that is not an integer', { maxCount: 1.5 }, 'maxCount must be'],
    ['an infinite maximum radius', { maxRadiusKm: Infinity }, 'maxRadiusKm must be'],
    ['an unknown radiusBeyondMax', { radiusBeyondMax: 'cut' as 'clamp' }, 'radiusBeyondMax must be'],
    ['failures that are not JSON', { failure: (message: string) => message }, 'the result of failure is not JSON'],
  ] as const) {
    it(`rejects ${what}`, () => {
      expect(() => validateUpstream({ ...validUpstream, ...changes })).to.throw(ConfigError, `upstream: ${problem}`);
    });
  }

  it('has a cost of one unit by default', () => {
    expect(validateUpstream({ ...validUpstream, units: ({ count }) => 2 * count }).units?.(question)).to.equal(8);
    expect(validateUpstream(validUpstream).units?.(question)).to.equal(1);
  });
});
