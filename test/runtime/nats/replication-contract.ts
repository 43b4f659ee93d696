import { expect } from 'chai';
import { eventually } from '../../support/eventually.js';
import { HerdInProcess, type HerdOptions } from '../../support/herd-in-process.js';

/** Five servers, as far as they have links. */
const fiveServerLinks = ['Blake-Bryant', 'Blake-Howard', 'Bryant-Gasol', 'Bryant-Metta', 'Gasol-Howard'];

/** What a herd promises its clients, however its locations are spread. */
export function describeReplication(createOptions: () => Promise<Omit<HerdOptions, 'links'>>): void {
  let herd: HerdInProcess;

  beforeEach(async () => {
    herd = new HerdInProcess({ links: fiveServerLinks, ...(await createOptions()) });
    await herd.start();
  });

  afterEach(() => herd.stop());

  it('[PE13] tells all servers what one of them was told', async () => {
    for (const server of herd.servers) {
      await herd.waitForAgreement(await herd.report(server, `client-of-${server}`, 1_700_000_000));
    }
  });

  it('[LO1][LO3] comes to agree on the newest of reports to all servers at once, and keeps to it', async () => {
    const ats = await Promise.all(
      herd.servers.map((server, index) => herd.report(server, 'kiwi', 1_700_000_000 + index)),
    );
    await herd.waitForAgreement(ats.at(-1) ?? '');
    for (const server of herd.servers) {
      expect(await herd.report(server, 'kiwi', 1_600_000_000)).to.match(/ 1600000000$/);
    }
    const behindIt = await herd.report('Blake', 'emu', 1_700_000_000);
    await herd.waitForAgreement(behindIt);
    await herd.waitForAgreement(ats.at(-1) ?? '');
  });

  it('[PE15][PE19] goes on without a server, and tells it everything when it comes back', async () => {
    const before = await herd.report('Gasol', 'kiwi', 1_700_000_000);
    await herd.waitForAgreement(before);
    await herd.stopServer('Bryant');
    const during = await herd.report('Blake', 'emu', 1_700_000_000);
    await herd.waitForAgreement(during, ['Blake', 'Gasol', 'Howard']);
    await herd.startServer('Bryant');
    for (const at of [before, during]) await herd.waitForAgreement(at);
  });

  it('tells the others what a server was told last, when it is stopped', async () => {
    const last = await herd.report('Bryant', 'kiwi', 1_700_000_000);
    await herd.stopServer('Bryant');
    await herd.waitForAgreement(last, ['Blake', 'Gasol', 'Howard', 'Metta']);
  });

  it('[PE15] starts a server again that failed, and tells it everything', async () => {
    const before = await herd.report('Gasol', 'kiwi', 1_700_000_000);
    await herd.waitForAgreement(before);
    herd.fail('Bryant');
    await eventually('Bryant is back', () => herd.startCounts.get('Bryant') === 2);
    await herd.waitForAgreement(before);
    await herd.waitForAgreement(await herd.report('Metta', 'emu', 1_700_000_000));
  });
}
