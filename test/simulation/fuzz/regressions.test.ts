import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadScenario } from '../../../src/simulation/scenario/scenario-loader.js';
import { runSimulation } from '../../support/simulate.js';

// Compiled, this file stands in dist/test/simulation.
const folder = new URL('../../../../test/simulation/fuzz/regressions/', import.meta.url);

describe('fuzz regressions', () => {
  for (const file of readdirSync(folder).sort()) {
    it(`${file} holds`, async () => {
      const { violations } = await runSimulation(loadScenario(fileURLToPath(new URL(file, folder)), {}));
      expect(violations).to.deep.equal([]);
    });
  }
});
