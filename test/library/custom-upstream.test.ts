import { expect } from 'chai';
import { bytesOf, ConfigError, placesError, type Upstream } from '../../src/library/index.js';
import { validateUpstream } from '../../src/library/custom-upstream.js';
import { fakeUpstream } from '../support/fake-upstream.js';

const validUpstream: Upstream = { ...fakeUpstream, failure: placesError };
const question = { latitude: '1', longitude: '2', radiusKm: 3, count: 4 };

describe('an upstream that a program hands in', () => {
  function answering(json: string, changes: Partial<Upstream> = {}): string {
    const response = { status: 200, body: Buffer.alloc(0) };
    return validateUpstream({ ...validUpstream, answer: () => json, ...changes }).answer(response, question);
  }

  it('may answer JSON on several lines: clients get one', () => {
    expect(answering(bytesOf('{\n  "results": ["é –"]\n}\n'))).to.equal(bytesOf('{"results":["é –"]}'));
    expect(answering('{}', { failure: () => '{\n}' })).to.equal('{}');
  });

  for (const [what, json] of [
    ['no JSON', 'nothing near'],
    ['two lines', '{}\n{}'],
    ['text that is not in UTF-8', '{"name":"é"}'],
    ['characters that are no bytes', '{"name":"–"}'],
  ] as const) {
    it(`is at fault when it answers ${what}`, () => {
      expect(() => answering(json)).to.throw(TypeError, 'no JSON in UTF-8; bytesOf makes that of a text');
    });
  }

  for (const [what, changes, problem] of [
    ['a count that is not whole', { maxCount: 1.5 }, 'maxCount must be'],
    ['no largest radius', { maxRadiusKm: Infinity }, 'maxRadiusKm must be'],
    ['a rule for radii that there is not', { radiusBeyondMax: 'cut' as 'clamp' }, 'radiusBeyondMax must be'],
    ['failures that are no JSON', { failure: (message: string) => message }, 'failure must make'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(() => validateUpstream({ ...validUpstream, ...changes })).to.throw(
        ConfigError,
        `the upstream: ${problem}`,
      );
    });
  }

  it('costs what it says, or one', () => {
    expect(validateUpstream({ ...validUpstream, units: ({ count }) => 2 * count }).units?.(question)).to.equal(8);
    expect(validateUpstream(validUpstream).units?.(question)).to.equal(1);
  });
});
