import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Server } from '../../../src/actors/server/server.js';
import { loadScenario } from '../../../src/simulation/scenario/scenario-loader.js';
import { restoreMethods, injectBug } from '../invariants/inject-bug.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

// Compiled, this file stands in dist/test/simulation. The scenario holds as it is: scenarios.test.ts plays all of them.
const scenario = fileURLToPath(new URL('../../../../examples/scenarios/soon-linked.yaml', import.meta.url));

describe('[PE29] the scenario soon-linked', () => {
  afterEach(restoreMethods);

  it('fails if a server does not announce itself', async () => {
    injectBug(Server, 'announce', () => undefined);
    const found = new Set<string>();
    // A neighbour may happen to dial within the 150 ms.
    for (const seed of [12, 14]) {
      const { violations } = await runSimulation({ ...loadScenario(scenario, {}), seed });
      for (const { text } of violations) found.add(text.replace(/^.*soon-linked\.yaml:\d+: /, ''));
    }
    const texts = [...found].join('\n');
    expect(texts).to.match(/Howard should be linked, but its link to (Blake|Gasol|Blake and Gasol) is not live/);
    expect(texts).to.match(/Metta should be linked, but its link to Bryant is not live/);
    expect(texts, 'it dials all its neighbours itself').to.not.contain('Blake should be linked');
  });
});

describe('the expectation that a server is linked', () => {
  it('is violated by a server that does not run, and asks for no link to a neighbour that does not', async () => {
    const steps = `
steps:
  - { at: 2s, crash: Howard }
  - { at: 3s, expect: { linked: Howard } }
  - { at: 3s, expect: { linked: Blake } }
`;
    const { violations } = await runSimulation(createScenario(steps));
    expect(violations.map(({ text }) => text.replace(/^\S+ /, ''))).to.deep.equal([
      'Howard should be linked, but it is not running',
    ]);
  });
});
