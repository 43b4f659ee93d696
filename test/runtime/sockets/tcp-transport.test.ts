import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { expect } from 'chai';
import type { AcceptPeer, PeerChannel } from '../../../src/actors/ports/transport.js';
import { Certificates, type CertificateFiles } from '../../../src/runtime/sockets/certificates.js';
import { PortError } from '../../../src/runtime/errors.js';
import type { Listener } from '../../../src/runtime/sockets/listener.js';
import { listenForPeers, TcpTransport, type TcpDependencies } from '../../../src/runtime/sockets/tcp-transport.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { toServerId } from '../../support/fake-location.js';
import { channelHandler } from '../../support/fake-peer-wire.js';
import { describeTransport } from './transport-contract.js';

const host = '127.0.0.1';
const owner = 'Bryant (peers)';

const failOnRejected = (_: string, reason: string) => expect.fail(reason);

/** Returns a port that is not listening. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Creates Blake's transport and Bryant's listener, each with its certificates. */
async function createTransport(
  blakeCertificates: Certificates | undefined,
  bryantCertificates: Certificates | undefined,
  limits: Pick<TcpDependencies, 'tlsHandshakeTimeoutMs' | 'maxPending'> = {},
) {
  const dependencies = { turn: new Turn(), maxLineBytes: 1_024, ...limits };
  const closedPort = await freePort();
  let listener: Listener | undefined;
  let bryantPort = closedPort;
  const rejected: string[] = [];
  return {
    rejected,
    transport: new TcpTransport({ ...dependencies, certificates: blakeCertificates }, (to) => ({
      host,
      port: to === toServerId('Bryant') ? bryantPort : closedPort,
    })),
    listen: async (accept: AcceptPeer) => {
      const onRejected = (_: string, reason: string) => rejected.push(reason);
      const at = { owner, host, port: 0 };
      listener = await listenForPeers({ ...dependencies, certificates: bryantCertificates }, accept, onRejected, at);
      bryantPort = listener.port;
    },
    close: () => listener?.close(),
    bryantPort: () => bryantPort,
  };
}

describe('TcpTransport is a Transport: it', () => {
  describeTransport(() => createTransport(undefined, undefined));
});

describe('TcpTransport over TLS', () => {
  let folder: TemporaryFolder;
  let herd: Authority;
  let stranger: Authority;

  before(async () => {
    folder = new TemporaryFolder();
    herd = await Authority.create(folder, 'herd');
    stranger = await Authority.create(folder, 'stranger');
  });
  after(() => folder.remove());

  describe('is a Transport: it', () => {
    describeTransport(async () =>
      createTransport(new Certificates(await herd.certify('Blake')), new Certificates(await herd.certify('Bryant'))),
    );
  });

  /** Dials Bryant from Blake and expects a failure; returns the received lines and the reasons at both ends. */
  async function dial(blake: CertificateFiles, bryant: CertificateFiles) {
    const under = await createTransport(new Certificates(blake), new Certificates(bryant));
    const lines: string[] = [];
    let reason: string | undefined;
    await under.listen(() => expect.fail('the channel is accepted'));
    const handler = channelHandler({
      opened: (wire) => wire.send('HELLO'),
      lines: (_, received) => lines.push(...received),
      closed: (_, why) => (reason = why),
    });
    under.transport.dial(toServerId('Bryant'), handler);
    await eventually('both ends have failed', () => reason !== undefined && under.rejected.length > 0);
    under.close();
    return { lines, reason, rejected: under.rejected };
  }

  it('tells a dialer with an untrusted certificate why it is rejected, and ignores its lines', async () => {
    const shown = { ...(await stranger.certify('Blake')), ca: herd.ca };
    const { lines, reason, rejected } = await dial(shown, await herd.certify('Bryant'));
    expect(rejected).to.have.lengthOf(1);
    expect(rejected[0]).to.match(/^Bryant \(peers\) rejected the certificate: [A-Z_]+$/);
    expect(lines).to.deep.equal([`REFUSED ${rejected[0] ?? ''}`]);
    expect(reason).to.equal('the remote end closed');
  });

  it('[PE26] matches the name in the certificate of a dialer', async () => {
    const under = await createTransport(
      new Certificates(await herd.certify('Blake')),
      new Certificates(await herd.certify('Bryant')),
    );
    let called: PeerChannel | undefined;
    await under.listen((wire) => {
      called = wire;
      return () => undefined;
    });
    const ignore = () => undefined;
    const dialed = under.transport.dial(toServerId('Bryant'), ignore);
    await eventually('the channel is accepted', () => called !== undefined);
    expect(['Blake', 'Bryant', 'blake'].map((name) => called?.certificateMatches?.(toServerId(name)))).to.deep.equal([
      true,
      false,
      false,
    ]);
    dialed.close();
    under.close();
  });

  it('[PE26] rejects a certificate for blake as that of Blake', async () => {
    const outcome = await dial(await herd.certify('Blake'), await herd.certify('bryant'));
    expect(outcome.reason).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  describe('with connections whose handshake does not complete', () => {
    const ignore = () => undefined;
    const sockets: Socket[] = [];
    let under: Awaited<ReturnType<typeof createTransport>>;
    let accepted: PeerChannel[];

    async function begin(limits: Pick<TcpDependencies, 'tlsHandshakeTimeoutMs' | 'maxPending'>): Promise<void> {
      const certificates = [await herd.certify('Blake'), await herd.certify('Bryant')].map(
        (files) => new Certificates(files),
      );
      under = await createTransport(certificates[0], certificates[1], limits);
      accepted = [];
      await under.listen((wire) => {
        accepted.push(wire);
        return ignore;
      });
    }

    afterEach(() => {
      under.close();
      for (const socket of sockets.splice(0)) socket.destroy();
    });

    async function stranger(data = ''): Promise<Socket> {
      const socket = connect(under.bryantPort(), host);
      socket.on('error', () => undefined).resume();
      sockets.push(socket);
      await once(socket, 'connect');
      if (data !== '') socket.write(data, 'latin1');
      return socket;
    }

    async function opens(onClosed: (reason: string) => void = () => undefined): Promise<PeerChannel> {
      let isOpen = false;
      const handler = channelHandler({ opened: () => (isOpen = true), closed: (_, reason) => onClosed(reason) });
      const dialed = under.transport.dial(toServerId('Bryant'), handler);
      await eventually('an authenticated neighbour connects', () => isOpen);
      return dialed;
    }

    it('[PE6] closes silent ones and those that sent half a ClientHello', async () => {
      await begin({ tlsHandshakeTimeoutMs: 200 });
      const strangers = [await stranger(), await stranger('\x16\x03\x01\x02\x00\x01\x00'), await stranger('IAMAT\n')];
      await eventually('all are closed', () => strangers.every((socket) => socket.closed));
      await eventually('all are counted', () => under.rejected.length === 3);
      expect(
        under.rejected.filter((reason) => reason === 'TLS handshake failed: ERR_TLS_HANDSHAKE_TIMEOUT'),
      ).to.have.lengthOf(2);
    });

    it('[PE6] keeps authenticated neighbours and their places', async () => {
      await begin({ maxPending: 10 });
      for (let count = 0; count < 40; count += 1) await stranger();
      let lost: string | undefined;
      await opens((reason) => (lost = reason));
      await eventually('it is accepted', () => accepted.length === 1);
      accepted[0]?.markAuthenticated?.();
      const strangers: Socket[] = [];
      for (let count = 0; count < 40; count += 1) strangers.push(await stranger());
      await eventually('all but ten are closed', () => strangers.filter((socket) => socket.closed).length === 30);
      const second = await opens();
      expect(lost, 'the first was not evicted').to.equal(undefined);
      expect(under.rejected).to.include('too many unauthenticated connections');
      second.close();
    });

    it('evicts a dialer that completes TLS but never authenticates', async () => {
      await begin({ maxPending: 2 });
      let closed: string | undefined;
      let isOpen = false;
      const handler = channelHandler({ opened: () => (isOpen = true), closed: (_, reason) => (closed = reason) });
      under.transport.dial(toServerId('Bryant'), handler);
      await eventually('it is accepted', () => isOpen && accepted.length === 1);
      await stranger();
      expect(closed).to.equal(undefined);
      await stranger();
      await eventually('it is closed', () => closed !== undefined);
    });
  });

  it('accepts TLS 1.3, and TLS 1.2 only with forward secrecy and without CBC', async () => {
    const shown = await herd.certify('Blake');
    const under = await createTransport(undefined, new Certificates(await herd.certify('Bryant')));
    const ignore = () => undefined;
    await under.listen(() => ignore);
    const speak = async (options: ConnectionOptions): Promise<string> => {
      const socket = connectTls({ host, port: under.bryantPort(), rejectUnauthorized: false, ...options });
      const failed = new Promise<string>((resolve) => socket.on('error', () => resolve('rejected')));
      const open = once(socket, 'secureConnect').then(
        () => `${socket.getProtocol() ?? ''} ${socket.getCipher().name}`,
        () => 'rejected',
      );
      const outcome = await Promise.race([open, failed]);
      socket.destroy();
      return outcome;
    };
    const certificate = { cert: readFileSync(shown.cert), key: readFileSync(shown.key) };
    try {
      const legacy = 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA256:AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0';
      expect(await speak({ ...certificate, maxVersion: 'TLSv1.2', ciphers: legacy })).to.equal('rejected');
      const modern = await speak({ ...certificate, maxVersion: 'TLSv1.2' });
      expect(modern).to.match(/^TLSv1\.2 ECDHE-ECDSA-.*(GCM|CHACHA20)/);
      expect(await speak(certificate)).to.match(/^TLSv1\.3 /);
    } finally {
      under.close();
    }
  });

  for (const [what, certify, reason] of [
    ['of a stranger', () => stranger.certify('Bryant'), /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
    ['for another name', () => herd.certify('Gasol'), /ERR_TLS_CERT_ALTNAME_INVALID/],
  ] as const) {
    it(`sends nothing to a dialed server with a certificate ${what}`, async () => {
      const outcome = await dial(await herd.certify('Blake'), { ...(await certify()), ca: herd.ca });
      expect(outcome.reason).to.match(reason);
      expect(outcome.lines).to.deep.equal([]);
      expect(outcome.rejected[0]).to.match(/^TLS handshake failed: /);
    });
  }
});

describe('TcpTransport', () => {
  let listener: Listener;
  let caller: Socket;
  let wire: PeerChannel | undefined;
  let lines: string[];
  let closed: string[];

  beforeEach(async () => {
    lines = [];
    closed = [];
    wire = undefined;
    const handler = channelHandler({
      lines: (_, more) => lines.push(...more),
      closed: (_, reason) => closed.push(reason),
    });
    const accept = (taken: PeerChannel) => {
      wire = taken;
      return handler;
    };
    listener = await listenForPeers(
      { turn: new Turn(), maxLineBytes: 10, certificates: undefined },
      accept,
      failOnRejected,
      {
        owner,
        host,
        port: 0,
      },
    );
    caller = connect(listener.port, host);
    caller.on('error', () => undefined).resume();
    await once(caller, 'connect');
    await eventually('the channel is accepted', () => wire);
  });

  afterEach(() => {
    caller.destroy();
    listener.close();
  });

  it('has the address and port of the remote end', () => {
    expect(wire?.remoteAddress).to.equal(`127.0.0.1:${caller.localPort}`);
  });

  it('[PE2] assembles lines from bytes and ignores a line without its end', async () => {
    for (const byte of 'one\r\ntwo\nhalf') {
      caller.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.end();
    await eventually('the wire is closed', () => closed.length > 0);
    expect(lines).to.deep.equal(['one', 'two']);
    expect(closed).to.deep.equal(['the remote end closed']);
  });

  it('[PE2] closes when the remote end sends a line over the limit, complete or not', async () => {
    caller.write('0123456789\n01234567890');
    await eventually('the wire is closed', () => closed.length > 0);
    expect(closed).to.deep.equal(['the remote end sent a line over the limit']);
    await eventually('the remote end is closed', () => caller.closed);
  });

  it('reports the reason of a lost connection', async () => {
    caller.resetAndDestroy();
    await eventually('the wire is closed', () => closed.length > 0);
    expect(closed).to.deep.equal(['ECONNRESET']);
  });

  it('names owner and port if it cannot listen', async () => {
    const accept = () => expect.fail('a channel is accepted');
    const error: unknown = await listenForPeers(
      { turn: new Turn(), maxLineBytes: 10, certificates: undefined },
      accept,
      failOnRejected,
      {
        owner,
        host,
        port: listener.port,
      },
    ).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(PortError);
    expect((error as PortError).message).to.contain(
      `Bryant (peers) cannot listen on 127.0.0.1:${listener.port}: the port is in use`,
    );
  });
});
