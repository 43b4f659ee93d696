import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { WebSocket, type ClientOptions } from 'ws';
import { Authority } from '../support/authority.js';
import { Client } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs, withTimeout } from '../support/eventually.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { waitUntilLogged, LogTail, readLog } from '../support/server-log.js';

const place = '+34.068930-118.445127';

/** What OpenSSL says of a certificate that comes from an authority it does not know: which of the two, depends on its version. */
const notBelieved = '(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)';
const strangersCaller = `Blake \\(peers\\) rejected the certificate: ${notBelieved}`;
const hungUp = 'TLS handshake failed: \\S+';

describe('a herd over TLS', function () {
  this.timeout(4 * defaultTimeoutMs);
  let folder: TemporaryFolder;
  let authority: Authority;
  let stranger: Authority;
  let herd: Herd;

  /*
   * Blake and Bryant are as they should be. Alford, who calls Blake, and Davies, whom Blake calls, have certificates of a
   * stranger. Campbell, whom Blake calls, has one of the herd, but for another name.
   */
  before(async () => {
    folder = new TemporaryFolder();
    authority = await Authority.create(folder, 'herd');
    stranger = await Authority.create(folder, 'stranger');
    const file = await writeHerdFile({
      topology: { Blake: ['Alford', 'Bryant', 'Campbell', 'Davies'] },
      hasLogs: true,
      hasHttp: true,
    });
    for (const server of file.servers) {
      const own = await authority.certify(server);
      const shown =
        server === 'Campbell'
          ? await authority.certify('Howard')
          : server === 'Blake' || server === 'Bryant'
            ? own
            : { ...(await stranger.certify(server)), ca: authority.ca };
      file.editServerConfig(server, (document) => (document.tls = { clients: own, peers: shown }));
    }
    herd = new Herd('one command a server', file, authority.ca);
    await herd.start();
  });
  after(async () => {
    await herd.stop();
    folder.remove();
  });

  const configOf = (server: string) => ['--config', herd.file.serverConfigPath(server) ?? ''];

  it('links those whose certificates are of its authority and bear their names', async () => {
    await waitUntilLogged(
      herd,
      [await herd.report('Blake', 'kiwi'), await herd.report('Bryant', 'emu')],
      ['Blake', 'Bryant'],
    );
  });

  for (const [who, caller, called, toldByCaller, toldByCalled] of [
    ['a caller whose certificate is of a stranger', 'Alford', 'Blake', strangersCaller, strangersCaller],
    ['who is called and has one of a stranger', 'Blake', 'Davies', notBelieved, hungUp],
    ['who is called and has one for another name', 'Blake', 'Campbell', 'ERR_TLS_CERT_ALTNAME_INVALID', hungUp],
  ] as const) {
    it(`refuses ${who}: the logs say why, and it is told nothing`, async () => {
      await LogTail.start(herd, caller).waitForLine(
        new RegExp(` link ${called} backoff: (refused: )?${toldByCaller}; `),
        2,
      );
      const refused = new RegExp(` peer \\S+ rejected: ${toldByCalled}$`);
      await LogTail.start(herd, called).waitForLine(refused, 2);
      const other = caller === 'Blake' ? called : caller;
      const at = await herd.report('Blake', `not-for-${other}`);
      await waitUntilLogged(herd, [at], ['Bryant']);
      await (await LogTail.now(herd, caller)).waitForLine(new RegExp(` link ${called} backoff: `), 2);
      const heard = (await readLog(herd, other)).filter((text) =>
        / peer \S+ (in|out) (PROOF|DIGEST|AT|SEEK) /.test(text),
      );
      expect(heard).to.deep.equal([]);
    });
  }

  describe('for its clients', () => {
    it('[CO1][CO3] answers over the port, and who has closed its side as well', async () => {
      const client = await herd.connect('Blake');
      expect(await client.request(`IAMAT phone ${place} 1`)).to.match(/^AT Blake \S+ phone /);
      const answers = await client.sendAll('WHATSAT phone 10 1\nno command\n');
      expect(answers).to.match(/^AT Blake \S+ phone [^\n]*\n\{"error":[^\n]*\n\? no command\n$/);
    });

    it('[WS1] answers over the web port', async () => {
      const options: ClientOptions & { servername: string } = { ca: readFileSync(authority.ca), servername: 'Blake' };
      const socket = new WebSocket(`wss://127.0.0.1:${herd.file.httpPortOf('Blake')}/ws`, options);
      await withTimeout(once(socket, 'open'), 'the handshake');
      const answer = once(socket, 'message');
      socket.send('hello');
      expect(String((await withTimeout(answer, 'the answer'))[0])).to.equal('? hello');
      socket.terminate();
    });

    it('has nothing to say to who speaks without TLS, and serves the others', async () => {
      for (const port of [herd.file.portOf('Blake'), herd.file.httpPortOf('Blake')]) {
        const plain = await Client.connect(port);
        expect(await plain.sendAll(`IAMAT plain ${place} 1\n`)).to.not.contain('AT Blake');
      }
      expect(await herd.queryLocations('Blake', ['plain'])).to.deep.equal([undefined]);
    });

    it('is not believed by who trusts another authority, or looks for another name', async () => {
      const port = herd.file.portOf('Blake');
      const trusted = { ca: stranger.ca, server: 'Blake' };
      expect(await refusalOf(Client.connectTls(port, trusted))).to.match(new RegExp(notBelieved));
      const named = { ca: authority.ca, server: 'Bryant' };
      expect(await refusalOf(Client.connectTls(port, named))).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');
    });

    it('is reached by herd send and herd where', async () => {
      const at = await herd.report('Blake', 'kakapo');
      const cwd = herd.file.folder;
      const sent = await runCommand(['send', 'Blake', 'WHATSAT kakapo 1 0', ...configOf('Blake')], { cwd });
      expect(sent.stdout.split('\n')[0]).to.equal(at);
      const piped = await runCommand(['send', 'Blake', ...configOf('Blake')], { cwd, input: 'one\ntwo' });
      expect(piped).to.include({ status: 0, stdout: '? one\n? two\n', stderr: '' });
      const found = await runCommand(['where', 'kakapo', '--server', 'Blake', ...configOf('Blake')], { cwd });
      expect(found).to.include({ status: 0, stderr: '' });
      expect(found.stdout).to.match(/^kakapo\n {2}latitude 27\.5916, /);
    });

    it('is not reached by herd send where its certificate is not believed', async () => {
      const clients = { ...(await authority.certify('Gasol')), ca: stranger.ca };
      herd.file.editServerConfig('Gasol', (document) => (document.tls = { clients }));
      const { status, stdout, stderr } = await runCommand(['send', 'Blake', 'hello', ...configOf('Gasol')], {
        cwd: herd.file.folder,
      });
      const address = `127.0.0.1:${herd.file.portOf('Blake')}`;
      expect(stderr).to.match(new RegExp(`^herd: Blake: cannot connect to ${address} \\(${notBelieved}\\)\n$`));
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    });
  });

  describe('told to read its certificates again', () => {
    async function serialAt(port: number): Promise<string> {
      const options = { host: '127.0.0.1', port, ca: readFileSync(authority.ca), servername: 'Bryant' };
      const socket: TLSSocket = connectTls(options);
      await withTimeout(once(socket, 'secureConnect'), 'the handshake');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    }

    const ports = () => [herd.file.portOf('Bryant'), herd.file.httpPortOf('Bryant')];
    const serials = () => Promise.all(ports().map(serialAt));

    it('shows new clients and new neighbours the new ones, and keeps the connections that there are', async () => {
      const [client, before] = [await herd.connect('Bryant'), await serials()];
      await authority.certify('Bryant');
      expect(await serials(), 'not before it is told').to.deep.equal(before);
      herd.command('Bryant').signal('SIGHUP');
      await eventually('all doors show the new ones', async () => {
        const now = await serials();
        return now.every((serial) => !before.includes(serial));
      });
      expect(await client.request('hello')).to.equal('? hello');
      client.close();
      await waitUntilLogged(herd, [await herd.report('Bryant', 'moa')], ['Blake']);
      // Blake begins anew, and believes the new one as well.
      await herd.kill('Blake');
      await herd.restart('Blake');
      await waitUntilLogged(herd, [await herd.report('Bryant', 'weka')], ['Blake']);
    });

    it('keeps the old ones if the new are not right, says so, and serves on', async () => {
      const before = await serials();
      const { key } = await authority.certify('Bryant');
      writeFileSync(key, 'not a key');
      const command = herd.command('Bryant');
      command.signal('SIGHUP');
      await eventually('it is said', () => command.stderr.endsWith('\n'));
      expect(command.stderr).to.match(
        /^herd: certificates not reloaded, the old ones stay in use: [^\n]*Bryant-of-herd-key\.pem[^\n]*\n$/,
      );
      expect(await serials()).to.deep.equal(before);
      await waitUntilLogged(herd, [await herd.report('Bryant', 'takahe')], ['Blake']);
    });
  });
});

/** The error code that a connection comes to. */
async function refusalOf(connecting: Promise<Client>): Promise<string> {
  const connected = await connecting.catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error));
  return typeof connected === 'string' ? connected : 'connected';
}
