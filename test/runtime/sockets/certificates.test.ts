import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import {
  certificateMatchesName,
  Certificates,
  HerdCertificates,
  type CertificateFiles,
} from '../../../src/runtime/sockets/certificates.js';
import { ConfigError } from '../../../src/runtime/errors.js';
import { listen, type Listener } from '../../../src/runtime/sockets/listener.js';
import { Authority } from '../../support/authority.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

describe('Certificates', () => {
  let folder: TemporaryFolder;
  let authority: Authority;
  let files: CertificateFiles & { readonly ca: string };
  let server: Server | undefined;
  let listener: Listener | undefined;
  const clients: TLSSocket[] = [];

  beforeEach(async () => {
    folder = new TemporaryFolder();
    authority = await Authority.create(folder, 'authority');
    files = await authority.certify('Blake');
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    listener?.close();
    folder.remove();
  });

  /** Starts an echo server with the certificates. */
  async function serve(certificates: Certificates): Promise<void> {
    server = createServer({}, (socket) => socket.on('error', () => undefined).pipe(socket));
    certificates.attach(server);
    listener = await listen(server, { owner: 'Blake (clients)', host: '127.0.0.1', port: 0, maxConnections: 10 });
  }

  async function client(ca = readFileSync(files.ca)): Promise<TLSSocket> {
    const socket = connect({ port: listener?.port, host: '127.0.0.1', ca, servername: 'Blake' });
    clients.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  }

  const serialOf = (socket: TLSSocket) => socket.getPeerCertificate().serialNumber;

  /** Replaces the files by another pair for the same server. */
  const replace = () => authority.certify('Blake');

  it('contain the contents of the files', () => {
    const { current } = new Certificates(files);
    const read = [files.cert, files.key, files.ca].map((file) => readFileSync(file));
    expect([current.cert, current.key, current.ca]).to.deep.equal(read);
    expect(new Certificates({ cert: files.cert, key: files.key }).current).to.not.have.property('ca');
  });

  for (const which of ['cert', 'key', 'ca'] as const) {
    it(`are rejected with the name of the file if the ${which} cannot be read`, () => {
      rmSync(files[which]);
      expect(() => new Certificates(files)).to.throw(ConfigError, `${files[which]} cannot be read: ENOENT`);
    });

    it(`are rejected with the names of the files if the ${which} is not PEM`, () => {
      writeFileSync(files[which], 'what is this?');
      if (which === 'ca') writeFileSync(files.ca, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      expect(() => new Certificates(files)).to.throw(ConfigError, files.cert);
    });
  }

  it('are rejected if the key belongs to another certificate', async () => {
    const { key } = await authority.certify('Bryant');
    expect(() => new Certificates({ ...files, key })).to.throw(ConfigError, key);
  });

  it('do not reveal the key in errors', () => {
    const secret = 'MC4CAQAwBQYDK2VwBCIEIJ';
    writeFileSync(files.key, secret);
    expect(() => new Certificates(files))
      .to.throw(ConfigError)
      .with.property('message')
      .that.does.not.contain(secret);
  });

  it('apply to new connections after a reload, and keep existing ones open', async () => {
    const certificates = new HerdCertificates({ clients: files });
    const kept = certificates.clients ?? expect.fail();
    await serve(kept);
    const before = await client();
    await replace();
    expect(serialOf(await client()), 'not before').to.equal(serialOf(before));
    certificates.reload();
    expect(serialOf(await client())).to.not.equal(serialOf(before));
    before.write('still here');
    expect(String(((await once(before, 'data')) as [Buffer])[0])).to.equal('still here');
    expect(kept.current.cert).to.deep.equal(readFileSync(files.cert));
  });

  it('stay in use if a reload fails', async () => {
    const certificates = new HerdCertificates({ clients: files });
    const kept = certificates.clients ?? expect.fail();
    await serve(kept);
    const before = await client();
    const { current } = kept;
    const other = await authority.certify('Bryant');
    const good = readFileSync(files.key);
    for (const spoil of [
      () => copyFileSync(other.key, files.key),
      () => writeFileSync(files.key, ''),
      () => rmSync(files.key),
    ]) {
      spoil();
      expect(() => certificates.reload()).to.throw(ConfigError, files.key);
      expect(kept.current).to.equal(current);
      expect(serialOf(await client())).to.equal(serialOf(before));
    }
    writeFileSync(files.key, good);
    certificates.reload();
    expect(serialOf(await client())).to.equal(serialOf(before));
  });

  it('all stay in use if a reload fails for some of them', async () => {
    const peers = await authority.certify('Bryant');
    const certificates = new HerdCertificates({ clients: files, peers });
    const before = [certificates.clients?.current, certificates.peers?.current];
    await replace();
    rmSync(peers.key);
    expect(() => certificates.reload()).to.throw(ConfigError, peers.key);
    expect([certificates.clients?.current, certificates.peers?.current]).to.deep.equal(before);
  });

  it('ignore a closed server on reload', async () => {
    const certificates = new HerdCertificates({ clients: files });
    await serve(certificates.clients ?? expect.fail());
    listener?.close();
    if (server !== undefined) await once(server, 'close');
    await replace();
    certificates.reload();
    expect(certificates.clients?.current.cert).to.deep.equal(readFileSync(files.cert));
  });

  it('are undefined if none are configured', () => {
    const none = new HerdCertificates({});
    expect([none.clients, none.peers]).to.deep.equal([undefined, undefined]);
    none.reload();
  });
});

describe('certificateMatchesName', () => {
  for (const [subjectaltname, bears] of [
    ['DNS:Blake', true],
    ['DNS:herd.example, DNS:Blake, IP Address:127.0.0.1', true],
    ['DNS:blake', false],
    ['DNS:BLAKE, DNS:Blake2', false],
    ['DNS:*', false],
    ['URI:"x, DNS:Blake, y"', false],
    ['email:Blake', false],
    [undefined, false],
  ] as const) {
    it(`[PE26] for Blake and ${subjectaltname ?? 'a certificate without alternative names'} is ${bears}`, () => {
      expect(certificateMatchesName({ subjectaltname }, 'Blake')).to.equal(bears);
    });
  }
});
