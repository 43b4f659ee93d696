import { expect } from 'chai';
import { matchesSubject, SubjectTable } from '../../../src/simulation/broker/subjects.js';

describe('subjects of the simulated broker', () => {
  const cases: readonly (readonly [pattern: string, subject: string, isMatch: boolean])[] = [
    ['herd.a.presence', 'herd.a.presence', true],
    ['herd.a.presence', 'herd.a.presences', false],
    ['herd.a', 'herd.a.presence', false],
    ['herd.*.presence', 'herd.a.presence', true],
    ['herd.*.presence', 'herd.a.b.presence', false],
    ['herd.a.*', 'herd.a', false],
    ['herd.>', 'herd.a.locations.7', true],
    ['herd.a.>', 'herd.a', false],
    ['herd.a.>', 'herd.b.locations', false],
    ['*.*', 'herd.a', true],
    ['>', 'herd', true],
  ];

  for (const [pattern, subject, isMatch] of cases) {
    it(`${pattern} ${isMatch ? 'matches' : 'does not match'} ${subject}`, () => {
      expect(matchesSubject(pattern, subject)).to.equal(isMatch);
      const table = new SubjectTable<{ readonly subject: string }>();
      const entry = { subject: pattern };
      table.add(entry);
      expect(table.match(subject)).to.deep.equal(isMatch ? [entry] : []);
      table.delete(entry);
      expect(table.match(subject)).to.deep.equal([]);
    });
  }
});
