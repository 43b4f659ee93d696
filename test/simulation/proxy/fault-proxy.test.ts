import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { eventually, withTimeout } from '../../support/eventually.js';
import { FaultProxy } from '../../../src/simulation/proxy/fault-proxy.js';

/** One end of a connection, and what came to it. */
class End {
  readonly chunks: Buffer[] = [];
  error = '';
  state: 'open' | 'ended' | 'closed' = 'open';

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.chunks.push(chunk));
    socket.on('end', () => (this.state = 'ended'));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code ?? ''));
    socket.on('close', () => (this.state = 'closed'));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  hears(text: string): Promise<unknown> {
    return eventually(`"${text}" has come`, () => this.text === text || Promise.reject(new Error(this.text)));
  }
}

describe('FaultProxy', () => {
  let target: Server;
  let proxy: FaultProxy;
  let called: End[];
  let callers: End[];

  beforeEach(async () => {
    called = [];
    callers = [];
    target = createServer({ allowHalfOpen: true }, (socket) => called.push(new End(socket)));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    proxy = new FaultProxy((target.address() as AddressInfo).port);
    await proxy.start();
  });

  afterEach(async () => {
    for (const { socket } of [...callers, ...called]) socket.destroy();
    target.close();
    await proxy.stop();
  });

  /** Somebody calls through the proxy; resolves with both ends. */
  async function call(): Promise<{ near: End; far: End }> {
    const near = new End(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
    callers.push(near);
    const count = called.length;
    await withTimeout(once(near.socket, 'connect'), 'the proxy takes the call');
    const far = await eventually('the call is passed on', () => called[count]);
    return { near, far };
  }

  it('passes bytes and the end of either side on', async () => {
    const { near, far } = await call();
    near.socket.end('upstream');
    await far.hears('upstream');
    await eventually('the end has come', () => far.state === 'ended');
    far.socket.end('and back');
    await near.hears('and back');
    await eventually('both are closed', () => near.state === 'closed' && far.state === 'closed');
    expect([near.error, far.error]).to.deep.equal(['', '']);
    expect(proxy.connectionCount).to.equal(1);
  });

  it('forwards large amounts, and waits for a slow reader', async () => {
    const { near, far } = await call();
    far.socket.pause();
    const mebibytes = 32;
    near.socket.end(Buffer.alloc(mebibytes * 1024 * 1024, 'x'));
    await once(near.socket, 'drain', { signal: AbortSignal.timeout(200) }).catch(() => undefined);
    expect(near.socket.writableLength, 'it takes no more than it can pass on').to.be.above(0);
    far.socket.resume();
    await eventually('the end has come', () => far.state === 'ended');
    expect(far.text).to.have.lengthOf(mebibytes * 1024 * 1024);
  });

  it('passes a reset on, whichever side it comes from', async () => {
    for (const side of ['near', 'far'] as const) {
      const ends = await call();
      const other = side === 'near' ? ends.far : ends.near;
      ends[side].socket.resetAndDestroy();
      await eventually('the other side is reset', () => other.state === 'closed');
      expect(other.error).to.equal('ECONNRESET');
    }
  });

  it('resets connections to a port without a listener', async () => {
    target.close();
    await once(target, 'close');
    const near = new End(connect(proxy.port, '127.0.0.1'));
    callers.push(near);
    await eventually('the caller is reset', () => near.state === 'closed');
    expect(near.error).to.equal('ECONNRESET');
  });

  it('cut: both sides are reset, and a new connection works', async () => {
    const { near, far } = await call();
    proxy.cut();
    await eventually('both are closed', () => near.state === 'closed' && far.state === 'closed');
    expect([near.error, far.error]).to.deep.equal(['ECONNRESET', 'ECONNRESET']);
    const again = await call();
    again.near.socket.write('hello');
    await again.far.hears('hello');
  });

  it('stop: both sides are reset, and new connections are refused until it starts', async () => {
    const { near, far } = await call();
    const { port } = proxy;
    await proxy.stop();
    await eventually('both are closed', () => near.state === 'closed' && far.state === 'closed');
    const refused = new End(connect(port, '127.0.0.1'));
    callers.push(refused);
    await eventually('the call is refused', () => refused.state === 'closed');
    expect(refused.error).to.equal('ECONNREFUSED');
    await proxy.start();
    expect(proxy.port).to.equal(port);
    await call();
  });

  it('blackhole: the sender does not notice, and a connection that has lost data delivers no more', async () => {
    const { near, far } = await call();
    proxy.setToxic({ kind: 'blackhole' }, 'upstream');
    near.socket.write('lost');
    far.socket.write('back');
    await near.hears('back');
    proxy.setToxic({ kind: 'pass' });
    near.socket.end('behind a hole');
    const again = await call();
    again.near.socket.write('hello');
    await again.far.hears('hello');
    expect(far).to.include({ text: '', state: 'open' });
    expect(near.error).to.equal('');
  });

  it('drops the end of a side, and its reset, as well', async () => {
    const [ended, reset] = [await call(), await call()];
    proxy.setToxic({ kind: 'blackhole' });
    ended.near.socket.end();
    reset.near.socket.resetAndDestroy();
    const later = await call();
    proxy.setToxic({ kind: 'pass' });
    later.near.socket.write('hello');
    await later.far.hears('hello');
    expect([ended.far.state, reset.far.state]).to.deep.equal(['open', 'open']);
  });

  it('delays, and keeps the order', async () => {
    const { near, far } = await call();
    proxy.setToxic({ kind: 'latency', delayMs: 100 });
    const sentAtMs = performance.now();
    near.socket.write('one ');
    near.socket.end('two');
    await eventually('all has come', () => far.state === 'ended');
    // A timer may be early by a millisecond.
    expect(performance.now() - sentAtMs).to.be.at.least(99);
    expect(far.text).to.equal('one two');
  });

  it('slices: byte by byte, or in pieces of any size up to one', async () => {
    for (const [maxBytes, chance] of [
      [1, 0.99],
      [4, 0.6],
    ] as const) {
      const { near, far } = await call();
      proxy.setToxic({ kind: 'slice', maxBytes, random: { next: () => chance } });
      const text = 'kiwi.cs.ucla.edu'.repeat(10);
      near.socket.end(text);
      await far.hears(text);
      const longest = Math.max(...far.chunks.map(({ length }) => length));
      // Two pieces may meet where the receiver is slow; all of them do not.
      expect(far.chunks.length).to.be.above(text.length / maxBytes / 2);
      expect(longest).to.be.below(text.length / 2);
    }
  });

  it('closes one direction, and leaves the other', async () => {
    const { near, far } = await call();
    proxy.halfClose('upstream');
    await eventually('the end has come', () => far.state === 'ended');
    near.socket.write('lost');
    far.socket.end('back');
    await near.hears('back');
    await eventually('the end has come', () => near.state === 'ended');
    expect([far.text, far.error, near.error]).to.deep.equal(['', '', '']);
  });
});
