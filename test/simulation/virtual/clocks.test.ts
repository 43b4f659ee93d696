import { expect } from 'chai';
import { fiveServers, scenarioProblems, createScenario, runSimulation } from '../../support/simulate.js';

describe('clocks in a simulation', () => {
  it('[PE30] a server whose clock jumps finds that out, and that it was set right; its neighbours trust theirs', async () => {
    const scenario = createScenario(`
clients: { count: 10, rate: 10/s }
steps:
  - { at: 5s, clock: { server: Bryant, jump: 2h } }
  - { at: 20s, clock: { server: Bryant, jump: -2h } }
  - { at: 30s, expect: converged }
`);
    const { trace, violations } = await runSimulation(scenario, { keepsTrace: true });
    expect(violations).to.deep.equal([]);
    const firstMs = new Map<string, number>();
    for (const { atMs, event } of trace) {
      const what = event.kind === 'clock' ? `${event.server} ${event.state}` : '';
      if (what !== '' && !firstMs.has(what)) firstMs.set(what, atMs);
    }
    // Metta has no other neighbour than Bryant, so it cannot tell which of both is wrong.
    expect([...firstMs.keys()]).to.have.members(['Bryant differs', 'Metta differs', 'Bryant agrees', 'Metta agrees']);
    // Within three beats, or of one that is right again within one.
    for (const [what, atMs] of firstMs) {
      expect(atMs - (what.endsWith('differs') ? 5_000 : 20_000), what).to.be.within(0, 6_100);
    }
  });

  it("sets a phone's clock, of those of the workload and of others, until it is set again", async () => {
    const scenario = createScenario(`
steps:
  - { at: 1s, phone: { client: kiwi, clock: 22h } }
  - { at: 2s, report: { server: Blake, client: kiwi, position: '+1+1' } }
  - { at: 3s, phone: { client: kiwi, clock: 0s } }
  - { at: 4s, report: { server: Metta, client: kiwi, position: '+2+2' } }
  - { at: 5s, expect: { server: Howard, client: kiwi, position: '+1+1' } }
  - { at: 63s, report: { server: Metta, client: kiwi, position: '+3+3' } }
  - { at: 64s, expect: { server: Howard, client: kiwi, position: '+3+3' } }
`);
    expect((await runSimulation(scenario)).violations).to.deep.equal([]);
    expect(
      scenarioProblems(`name: a test\n${fiveServers}\nsteps: [{ at: 1s, phone: { client: kiwi } }]`).join(),
    ).to.contain('phone.clock');
  });
});
