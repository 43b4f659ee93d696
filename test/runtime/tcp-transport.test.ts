import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import type { PeerWire, PeerWireListener } from '../../src/actors/transport.js';
import { PortError } from '../../src/runtime/errors.js';
import type { Listening } from '../../src/runtime/listening.js';
import { listenForPeers, TcpTransport } from '../../src/runtime/tcp-transport.js';
import { Turn } from '../../src/runtime/turn.js';
import { eventually } from '../support/eventually.js';
import { serverId } from '../support/fake-location.js';
import { itIsATransport } from './transport-contract.js';

const host = '127.0.0.1';
const owner = 'Bryant (peers)';

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('TcpTransport is a Transport: it', () => {
  itIsATransport(async () => {
    const edges = { turn: new Turn(), lineBytesMax: 1_024, certificates: undefined };
    const nobodysPort = await freePort();
    let door: Listening | undefined;
    let bryantsPort = nobodysPort;
    return {
      transport: new TcpTransport(edges, (to) => ({
        host,
        port: to === serverId('Bryant') ? bryantsPort : nobodysPort,
      })),
      listen: async (accept) => {
        door = await listenForPeers(edges, accept, { owner, host, port: 0 });
        bryantsPort = door.port;
      },
      close: () => door?.close(),
    };
  });
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
    door = await listenForPeers({ turn: new Turn(), lineBytesMax: 10, certificates: undefined }, accept, {
      owner,
      host,
      port: 0,
    });
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
