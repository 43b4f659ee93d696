import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { defaultTimeoutMs } from '../support/eventually.js';

const program = fileURLToPath(new URL('../../bench/run.js', import.meta.url));

describe('npm run bench', function () {
  this.timeout(3 * defaultTimeoutMs);

  for (const [problem, args, message] of [
    ['an unknown option', ['--bogus'], /^Unknown option '--bogus'/],
    ['an unknown benchmark', ['bogus'], /^unknown benchmark bogus \(expected one of:\n {2}\S/],
    ['a missing results file', ['nats', '--from', 'no.json'], /^no\.json: cannot read figures \(ENOENT/],
  ] as const) {
    it(`exits with code 1 and a message on ${problem}`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
      expect(stdout).to.match(message);
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: '' });
    });
  }
});
