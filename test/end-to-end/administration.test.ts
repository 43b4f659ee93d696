import { expect } from 'chai';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';

describe('administration of a herd of processes', function () {
  this.timeout(2 * defaultTimeoutMs);
  const token = 'token-of-administration';
  let herd: Herd;

  before(async () => {
    const settings = { auth: { adminToken: '${ADMIN}' } };
    herd = new Herd('processes', await writeHerdFile({ topology: { Blake: ['Bryant'] }, hasHttp: true, settings }));
    herd.setCircumstances('Blake', { env: { ADMIN: token } });
    await herd.start();
  });

  after(() => herd.stop());

  async function statusOf(server: string, action: unknown, authorization = `Bearer ${token}`): Promise<number> {
    const { status } = await fetch(`http://127.0.0.1:${herd.file.httpPortOf(server)}/api/admin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(action),
    });
    return status;
  }

  it('is done by the process that it concerns: one that crashes is gone, and its supervisor brings it back', async () => {
    const at = await herd.report('Bryant', 'kiwi');
    const pid = herd.pidOf('Bryant');
    expect(await statusOf('Bryant', { action: 'crash', server: 'Bryant' }, 'Bearer wrong')).to.equal(401);
    expect(await statusOf('Blake', { action: 'crash', server: 'Bryant' })).to.equal(501);
    expect(await statusOf('Bryant', { action: 'cut', link: ['Blake', 'Bryant'] })).to.equal(501);
    expect(await statusOf('Bryant', { action: 'stop', server: 'Bryant' })).to.equal(409);
    expect(await statusOf('Bryant', { action: 'crash', server: 'Bryant' })).to.equal(200);
    await eventually('Bryant has another process', () => herd.pidOf('Bryant') !== pid);
    await herd.restart('Bryant');
    await herd.waitForAgreement([at]);
  });
});
