import { expect } from 'chai';
import { WebSocket } from 'ws';
import { bytesOf, textOf } from '../../src/protocol/text/bytes.js';
import { HerdCommand, runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';

describe('watching the herd', function () {
  this.timeout(3 * defaultTimeoutMs);
  let herd: Herd;

  // Metta to Howard is the longest way in this herd.
  before(async () => (herd = await startHerd({ mode: 'processes', hasLogs: true, hasHttp: true })));
  after(() => herd.stop());

  it('[WA1] tells at Howard what is reported at Metta, over TCP and over WebSocket', async () => {
    const tcp = await herd.connect('Howard');
    expect(await tcp.request('WATCH kiwi')).to.equal('WATCHING kiwi');
    const webSocket = new WebSocket(`ws://127.0.0.1:${herd.file.httpPortOf('Howard')}/ws`);
    const heard: string[] = [];
    webSocket.on('message', (message: Buffer) => heard.push(message.toString()));
    webSocket.on('open', () => webSocket.send('WATCH *'));
    await eventually('the WebSocket watches', () => heard.length === 1);
    const first = await herd.report('Metta', 'kiwi', '1');
    expect(await tcp.line()).to.equal(first);
    const second = await herd.report('Metta', 'kiwi', '2');
    expect(await tcp.line()).to.equal(second);
    await eventually('the WebSocket is told', () => heard.length === 3);
    expect(heard).to.deep.equal(['WATCHING *', first, second]);
    webSocket.terminate();
    tcp.close();
  });

  it('prints changes with herd watch, until the server goes', async () => {
    const cafe = bytesOf('café');
    const at = await herd.report('Metta', cafe, '1');
    await herd.waitForAgreement([at], ['Gasol']);
    const { folder: cwd } = herd.file;
    const named = new HerdCommand(['watch', 'café', '--server', 'Gasol'], { cwd });
    await named.waitForOutput(textOf(at));
    const later = await herd.report('Blake', cafe, '2');
    await named.waitForOutput(`${textOf(later)}\n`);
    expect(named.stdoutBytes.toString('latin1')).to.equal(`${at}\n${later}\n`);
    await herd.kill('Gasol');
    expect((await named.waitForExit()).status).to.equal(2);
    expect(named.stderr).to.match(/^herd: connection to Gasol lost/);
    await herd.restart('Gasol');
  });

  it('rejects an invalid client ID', async () => {
    const { folder: cwd } = herd.file;
    const twoWords = await runCommand(['watch', 'a b'], { cwd });
    const stderr = 'herd: invalid client ID "a b": expected one word without white space\n';
    expect(twoWords).to.include({ status: 2, stderr });
  });
});
