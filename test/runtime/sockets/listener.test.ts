import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { formatHostPort, listen } from '../../../src/runtime/sockets/listener.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

describe('formatHostPort', () => {
  for (const [host, port, text] of [
    ['127.0.0.1', 12_000, '127.0.0.1:12000'],
    ['::1', 12_000, '[::1]:12000'],
    [undefined, undefined, 'unknown:0'],
  ] as const) {
    it(`formats ${text}`, () => {
      expect(formatHostPort(host, port)).to.equal(text);
    });
  }
});

describe('listen', () => {
  const at = { owner: 'Blake (clients)', host: '127.0.0.1', port: 0, maxConnections: 2 };
  let sockets: Socket[];

  beforeEach(() => (sockets = []));
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
  });

  function dial(port: number): Socket {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  it('accepts a thousand connections surplus than are served and closes further ones at once', async () => {
    let accepted = 0;
    const server: Server = createServer((socket) => {
      accepted += 1;
      sockets.push(socket);
    });
    const listener = await listen(server, at);
    for (let count = 0; count < 1_002; count += 1) dial(listener.port);
    await eventually('1,002 are accepted', () => accepted === 1_002);
    const surplus = dial(listener.port).resume();
    await once(surplus, 'close');
    expect(accepted).to.equal(1_002);
    listener.close();
  });

  it('destroys connections in the middle of a TLS handshake after it is closed', async () => {
    const folder = new TemporaryFolder();
    const { cert, key } = await (await Authority.create(folder, 'authority')).certify('Blake');
    let welcomed = 0;
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, () => (welcomed += 1));
    folder.remove();
    const listener = await listen(server, at);
    const raw = dial(listener.port);
    await once(raw, 'connect');
    await eventually(
      'it is accepted',
      () =>
        new Promise<boolean>((resolve) => {
          server.getConnections((_, count) => resolve(count === 1));
        }),
    );
    listener.close();
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(welcomed).to.equal(0);
  });
});
