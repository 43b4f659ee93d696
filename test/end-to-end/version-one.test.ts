import { expect } from 'chai';
import { eventually, patienceMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerd } from '../support/herd-file.js';
import { freePort } from '../support/ports.js';
import { VersionOnePeer } from '../support/version-one-peer.js';

const position = '+34.068930-118.445127';
const heldBy = (server: string, client: string) => `AT ${server} +0.100000000 ${client} ${position} 1700000000`;

for (const [how, secret] of [
  ['with a secret', 'the secret of the herd: 7c1f0a'],
  ['without a secret', undefined],
] as const) {
  describe(`[PE27] a server between two that know only version 1, ${how}`, function () {
    this.timeout(3 * patienceMs);
    let herd: Herd;
    /** Calls Bryant. */
    let blake: VersionOnePeer;
    /** Is called by Bryant. */
    let metta: VersionOnePeer;

    before(async () => {
      const file = await writeHerd({ talks: { Bryant: [] }, logs: true, settings: { links: { beatMs: 500 } } });
      const mettasPort = await freePort();
      file.alter('Bryant', (document) => {
        document.servers['Blake'] = { port: 0, peerPort: 0 };
        document.servers['Metta'] = { port: 0, peerPort: mettasPort };
        document.talks = { Bryant: ['Blake', 'Metta'] };
      });
      herd = new Herd('one command a server', file);
      herd.give('Bryant', { env: secret === undefined ? {} : { HERD_SECRET: secret } });
      await herd.start();
      const names = (self: string) => ({ herd: 'twitter', self, neighbour: 'Bryant', secret });
      [blake, metta] = await Promise.all([
        VersionOnePeer.call(names('Blake'), file.peerPortOf('Bryant'), [heldBy('Blake', 'kiwi')]),
        VersionOnePeer.answer(names('Metta'), mettasPort, [heldBy('Metta', 'emu')]),
      ]);
    });
    after(async () => {
      blake.close();
      metta.close();
      await herd.stop();
    });

    it('[PE14] catches up with both, and passes on what they hold', async () => {
      await herd.agrees([heldBy('Blake', 'kiwi'), heldBy('Metta', 'emu')]);
      await metta.hears(`${heldBy('Blake', 'kiwi')} Bryant`);
      await blake.hears(`${heldBy('Metta', 'emu')} Bryant`);
      for (const peer of [blake, metta]) await peer.hears('CAUGHT-UP');
    });

    it('[PE13] floods what its clients and what either reports', async () => {
      const at = await herd.report('Bryant', 'moa');
      for (const peer of [blake, metta]) await peer.hears(`${at} Bryant`);
      blake.say(`${heldBy('Blake', 'kea')} Blake`);
      await metta.hears(`${heldBy('Blake', 'kea')} Bryant`);
      metta.say(`${heldBy('Metta', 'tui')} Metta`);
      await blake.hears(`${heldBy('Metta', 'tui')} Bryant`);
    });

    it('[PE23] [PE24] asks them, answers them, and gives signs of life', async () => {
      blake.say('SEEK Blake:1 16 nobody');
      await metta.hears('SEEK Blake:1 15 nobody');
      metta.say('UNKNOWN Blake:1');
      await blake.hears('UNKNOWN Blake:1');
      for (const peer of [blake, metta]) {
        await eventually('beats come', () => peer.told.filter((line) => line === 'BEAT').length > 2);
      }
    });

    it('[PE28] never says what they do not know, not even when it is told to stop', async () => {
      herd.command('Bryant').signal('SIGTERM');
      await eventually('both have lost it', () => blake.state === 'gone' && metta.state === 'gone');
      expect([...blake.strange, ...metta.strange]).to.deep.equal([]);
    });
  });
}
