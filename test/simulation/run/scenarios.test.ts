import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadScenario } from '../../../src/simulation/scenario/scenario-loader.js';
import { runSimulation } from '../../support/simulate.js';

// Compiled, this file stands in dist/test/simulation.
const folder = new URL('../../../../examples/scenarios/', import.meta.url);
const files = readdirSync(folder).sort();

describe('the example scenarios', () => {
  it('are at least ten, each with an explanation', () => {
    expect(files).to.have.length.of.at.least(10);
    for (const file of files)
      expect(readFileSync(new URL(file, folder), 'utf8'), file).to.match(/^# .*\n#\n(?:# .*\n){3}/);
  });

  for (const file of files) {
    it(`${file} holds`, async function () {
      this.timeout(60_000);
      const { verdict, violations } = await runSimulation(loadScenario(fileURLToPath(new URL(file, folder)), {}));
      expect(violations).to.deep.equal([]);
      expect(verdict).to.equal('passed');
    });
  }
});
