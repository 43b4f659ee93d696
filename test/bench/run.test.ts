import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { patienceMs } from '../support/eventually.js';

const program = fileURLToPath(new URL('../../bench/run.js', import.meta.url));

describe('the bench', function () {
  this.timeout(3 * patienceMs);

  for (const [what, args, said] of [
    ['an option that there is not', ['--bogus'], /^Unknown option '--bogus'/],
    ['a measure that there is not', ['bogus'], /^There is no measure bogus\. There are:\n {2}\S/],
    ['figures that nobody has measured', ['spread', '--from', 'no.json'], /^no\.json has no figures \(ENOENT/],
  ] as const) {
    it(`says so of ${what}, and measures nothing`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
      expect(stdout).to.match(said);
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: '' });
    });
  }
});
