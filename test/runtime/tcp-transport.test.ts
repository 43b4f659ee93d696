import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import type { AcceptPeer, PeerWire, PeerWireListener } from '../../src/actors/transport.js';
import { Certificates, type CertificateFiles } from '../../src/runtime/certificates.js';
import { PortError } from '../../src/runtime/errors.js';
import type { Listening } from '../../src/runtime/listening.js';
import { listenForPeers, TcpTransport } from '../../src/runtime/tcp-transport.js';
import { Turn } from '../../src/runtime/turn.js';
import { Authority } from '../support/authority.js';
import { eventually } from '../support/eventually.js';
import { FakeFolder } from '../support/fake-folder.js';
import { serverId } from '../support/fake-location.js';
import { itIsATransport } from './transport-contract.js';

const host = '127.0.0.1';
const owner = 'Bryant (peers)';

const nobodyIsRefused = (_: string, reason: string) => expect.fail(reason);

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Blake, who calls, and Bryant's door, each with its certificates. */
async function between(blakes: Certificates | undefined, bryants: Certificates | undefined) {
  const edges = { turn: new Turn(), lineBytesMax: 1_024 };
  const nobodysPort = await freePort();
  let door: Listening | undefined;
  let bryantsPort = nobodysPort;
  const refused: string[] = [];
  return {
    refused,
    transport: new TcpTransport({ ...edges, certificates: blakes }, (to) => ({
      host,
      port: to === serverId('Bryant') ? bryantsPort : nobodysPort,
    })),
    listen: async (accept: AcceptPeer) => {
      const onRefused = (_: string, reason: string) => refused.push(reason);
      const at = { owner, host, port: 0 };
      door = await listenForPeers({ ...edges, certificates: bryants }, accept, onRefused, at);
      bryantsPort = door.port;
    },
    close: () => door?.close(),
  };
}

describe('TcpTransport is a Transport: it', () => {
  itIsATransport(() => between(undefined, undefined));
});

describe('TcpTransport over TLS', () => {
  let folder: FakeFolder;
  let herd: Authority;
  let stranger: Authority;

  before(async () => {
    folder = new FakeFolder();
    herd = await Authority.create(folder, 'herd');
    stranger = await Authority.create(folder, 'stranger');
  });
  after(() => folder.remove());

  describe('is a Transport: it', () => {
    itIsATransport(async () =>
      between(new Certificates(await herd.certify('Blake')), new Certificates(await herd.certify('Bryant'))),
    );
  });

  /** What Blake, who dials, and Bryant's door make of each other: why the wire closed, and whom the door refused. */
  async function dial(blake: CertificateFiles, bryant: CertificateFiles) {
    const under = await between(new Certificates(blake), new Certificates(bryant));
    const heard: string[] = [];
    let reason: string | undefined;
    await under.listen(() => expect.fail('the wire is given to nobody'));
    under.transport.dial(serverId('Bryant'), {
      opened: (wire) => wire.send('HELLO'),
      lines: (_, lines) => heard.push(...lines),
      drained: () => undefined,
      closed: (_, why) => (reason = why),
    });
    await eventually('the wire is closed, and the door knows', () => reason !== undefined && under.refused.length > 0);
    under.close();
    return { heard, reason, refused: under.refused };
  }

  it('tells a caller that shows the certificate of a stranger why it is refused, and takes nothing from it', async () => {
    const shown = { ...(await stranger.certify('Blake')), ca: herd.ca };
    const { heard, reason, refused } = await dial(shown, await herd.certify('Bryant'));
    expect(refused).to.have.lengthOf(1);
    expect(refused[0]).to.match(/^Bryant \(peers\) does not believe the caller's certificate: [A-Z_]+$/);
    expect(heard).to.deep.equal([`REFUSED ${refused[0] ?? ''}`]);
    expect(reason).to.equal('the far end closed');
  });

  it("[PE26] knows the name that a caller's certificate bears", async () => {
    const under = await between(
      new Certificates(await herd.certify('Blake')),
      new Certificates(await herd.certify('Bryant')),
    );
    let called: PeerWire | undefined;
    await under.listen((wire) => {
      called = wire;
      return { opened: () => undefined, lines: () => undefined, drained: () => undefined, closed: () => undefined };
    });
    const deaf = { opened: () => undefined, lines: () => undefined, drained: () => undefined, closed: () => undefined };
    const dialled = under.transport.dial(serverId('Bryant'), deaf);
    await eventually('the call is taken', () => called !== undefined);
    expect(['Blake', 'Bryant', 'blake'].map((name) => called?.bears?.(serverId(name)))).to.deep.equal([
      true,
      false,
      true,
    ]);
    dialled.close();
    under.close();
  });

  for (const [what, certify, reason] of [
    ['of a stranger', () => stranger.certify('Bryant'), /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
    ['for another name', () => herd.certify('Gasol'), /ERR_TLS_CERT_ALTNAME_INVALID/],
  ] as const) {
    it(`says nothing to who is called and shows a certificate ${what}`, async () => {
      const outcome = await dial(await herd.certify('Blake'), { ...(await certify()), ca: herd.ca });
      expect(outcome.reason).to.match(reason);
      expect(outcome.heard).to.deep.equal([]);
      expect(outcome.refused[0]).to.match(/^no TLS: /);
    });
  }
});

describe('TcpTransport', () => {
  let door: Listening;
  let caller: Socket;
  let wire: PeerWire | undefined;
  let lines: string[];
  let closed: string[];

  beforeEach(async () => {
    lines = [];
    closed = [];
    wire = undefined;
    const listener: PeerWireListener = {
      opened: () => undefined,
      lines: (_, more) => lines.push(...more),
      drained: () => undefined,
      closed: (_, reason) => closed.push(reason),
    };
    const accept = (taken: PeerWire) => {
      wire = taken;
      return listener;
    };
    door = await listenForPeers(
      { turn: new Turn(), lineBytesMax: 10, certificates: undefined },
      accept,
      nobodyIsRefused,
      {
        owner,
        host,
        port: 0,
      },
    );
    caller = connect(door.port, host);
    caller.on('error', () => undefined).resume();
    await once(caller, 'connect');
    await eventually('the call is taken', () => wire);
  });

  afterEach(() => {
    caller.destroy();
    door.close();
  });

  it('names the far end by its address and port', () => {
    expect(wire?.far).to.equal(`127.0.0.1:${caller.localPort}`);
  });

  it('[PE2] puts lines together from bytes, and takes none without its line end', async () => {
    for (const byte of 'one\r\ntwo\nhalf') {
      caller.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.end();
    await eventually('the wire is closed', () => closed.length > 0);
    expect(lines).to.deep.equal(['one', 'two']);
    expect(closed).to.deep.equal(['the far end closed']);
  });

  it('[PE2] ends with a far end that sends a line over the limit, whole or not', async () => {
    caller.write('0123456789\n01234567890');
    await eventually('the wire is closed', () => closed.length > 0);
    expect(closed).to.deep.equal(['the far end sent a line over the limit']);
    await eventually('the far end knows', () => caller.closed);
  });

  it('says what became of a far end that vanished', async () => {
    caller.resetAndDestroy();
    await eventually('the wire is closed', () => closed.length > 0);
    expect(closed).to.deep.equal(['ECONNRESET']);
  });

  it('names owner and port where it cannot listen', async () => {
    const accept = () => expect.fail('nobody calls');
    const error: unknown = await listenForPeers(
      { turn: new Turn(), lineBytesMax: 10, certificates: undefined },
      accept,
      nobodyIsRefused,
      {
        owner,
        host,
        port: door.port,
      },
    ).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(PortError);
    expect((error as PortError).message).to.contain(
      `Bryant (peers) cannot listen on 127.0.0.1:${door.port}: the port is in use`,
    );
  });
});
