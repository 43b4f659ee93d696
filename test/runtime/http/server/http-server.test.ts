import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { OutputBudget } from '../../../../src/actors/client/output-budget.js';
import { Certificates } from '../../../../src/runtime/sockets/certificates.js';
import { HttpConnections } from '../../../../src/runtime/http/server/http-connections.js';
import { createHttpServer } from '../../../../src/runtime/http/server/http-server.js';
import { listen, type Listener } from '../../../../src/runtime/sockets/listener.js';
import { SystemClock } from '../../../../src/runtime/time/system-clock.js';
import { Authority } from '../../../support/authority.js';
import { withTimeout } from '../../../support/eventually.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';
import { strictBus } from '../../../support/fake-bus.js';

/** Request timeout of these tests, in milliseconds. */
const withinMs = 400;

const whole = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('createHttpServer', () => {
  let certificates: Certificates;
  const folder = new TemporaryFolder();
  const open: { readonly listening: Listener; readonly sockets: Socket[] }[] = [];

  before(async () => {
    certificates = new Certificates(await (await Authority.create(folder, 'authority')).certify('Blake'));
  });

  afterEach(() => {
    for (const { listening, sockets } of open.splice(0)) {
      for (const socket of sockets) socket.destroy();
      listening.close();
    }
  });

  after(() => folder.remove());

  /** Starts a server that allows two connections per address; returns a function that connects to it. */
  async function serve(over: 'tcp' | 'tls'): Promise<() => Socket> {
    const bus = strictBus();
    const connections = new HttpConnections({
      bus,
      clock: new SystemClock(),
      limits: { ...defaultLimits, maxHttpConnectionsPerAddress: 2 },
      outputBudget: new OutputBudget(defaultLimits.maxTotalOutputBufferBytes),
      onDropped: () => undefined,
    });
    const listener = connections.serializeRequests((request, response) => {
      request.resume().on('end', () => response.end('well'));
    });
    const server = createHttpServer(over === 'tls' ? certificates : undefined, listener, withinMs);
    connections.attach(server);
    const listening = await listen(server, { owner: 'test', host: '127.0.0.1', port: 0, maxConnections: 100 });
    const sockets: Socket[] = [];
    open.push({ listening, sockets });
    return () => {
      const at = { host: '127.0.0.1', port: listening.port };
      const socket = over === 'tls' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
      socket.on('error', () => undefined);
      sockets.push(socket);
      return socket;
    };
  }

  it('allows 30 seconds for a request to arrive', () => {
    const server = createHttpServer(undefined, () => undefined);
    expect([server.requestTimeout, server.headersTimeout]).to.deep.equal([30_000, 30_000]);
  });

  for (const over of ['tcp', 'tls'] as const) {
    it(`closes a connection whose request takes too long to arrive, headers or body, over ${over}`, async () => {
      const dial = await serve(over);
      for (const [begin, rest] of [
        ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{', ' '],
        ['GET / HTTP/1.1\r\nX: ', 'a'],
        ['', ''],
      ] as const) {
        const socket = dial();
        const startMs = performance.now();
        if (begin !== '') socket.write(begin);
        const drip = setInterval(() => socket.write(rest), 50);
        await withTimeout(new Promise((resolve) => socket.resume().once('close', resolve)), `the end of ${begin}`);
        clearInterval(drip);
        expect(performance.now() - startMs, begin).to.be.within(withinMs - 50, withinMs + 2_000);
      }
    });

    it(`rejects connections beyond the limit of an address, over ${over}`, async () => {
      const dial = await serve(over);
      const answered = async (): Promise<string> => {
        const socket = dial();
        socket.write(whole);
        const answer = new Promise<string>((resolve) => {
          socket.once('data', (chunk: Buffer) => resolve(chunk.toString().slice(0, 15)));
          socket.once('close', () => resolve('closed'));
        });
        return withTimeout(answer, 'an answer');
      };
      const answers = [await answered(), await answered(), await answered()];
      expect(answers).to.deep.equal(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'closed']);
    });
  }
});
