import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { NatsPubSub } from '../../../src/runtime/nats/nats-pub-sub.js';
import { closeTimeoutMs } from '../../../src/runtime/nats/nats-session.js';
import { eventually } from '../../support/eventually.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { natsSettings } from '../../support/nats-settings.js';
import { RecordedSession } from '../../support/recorded-session.js';
import { describePubSub } from './pub-sub-contract.js';

describeWithNats('NatsPubSub', function () {
  this.timeout(60_000);

  describePubSub(async () => {
    const nats = await NatsServer.start();
    const connection = () => new NatsPubSub(natsSettings([nats.address]), 'test');
    return {
      connections: [connection(), connection(), connection()],
      goDown: () => nats.kill(),
      comeUp: () => nats.start(),
      end: () => nats.stop(),
    };
  });
});

describeWithNats('NatsPubSub on a cluster', function () {
  this.timeout(60_000);
  let cluster: NatsServer[];

  beforeEach(async () => {
    cluster = await NatsServer.startCluster();
  });

  afterEach(() => Promise.all(cluster.map((server) => server.stop())));

  it('delivers from one nats-server to another, and connects to those that are left', async () => {
    const [first, second, third] = cluster.map(({ address }) => new NatsPubSub(natsSettings([address]), 'test'));
    if (first === undefined || second === undefined || third === undefined) throw new Error('no cluster');
    const [a, b, c] = await Promise.all([first, second, third].map((pubSub) => RecordedSession.open(pubSub)));
    if (a === undefined || b === undefined || c === undefined) throw new Error('not opened');
    await a.settle(b);
    await c.settle(b);
    await cluster[0]?.kill();
    await a.whenClosed();
    await c.settle(b);
    const all = new NatsPubSub(natsSettings(cluster.map(({ address }) => address)), 'test');
    const again = await RecordedSession.open(all);
    await again.settle(b);
    for (const each of [again, b, c]) each.session.close();
  });
});

describeWithNats('NatsPubSub with a nats-server that fails', function () {
  this.timeout(60_000);
  let nats: NatsServer;

  afterEach(() => nats.stop());

  async function open(heartbeatMs: number): Promise<RecordedSession> {
    return RecordedSession.open(new NatsPubSub(natsSettings([nats.address], { heartbeatMs }), 'test'));
  }

  it('counts what is not sent, and nothing when it is', async () => {
    nats = await NatsServer.start();
    const { session } = await open(20_000);
    expect(session.bufferedBytes).to.equal(0);
    session.publish('herd.x.locations.1', Buffer.alloc(10_000));
    expect(session.bufferedBytes).to.be.within(10_000, 10_100);
    await eventually('it is sent', () => session.bufferedBytes === 0);
    nats.pause();
    const chunks = 100;
    for (let index = 0; index < chunks; index += 1) session.publish('herd.x.locations.1', Buffer.alloc(1_000_000));
    expect(session.bufferedBytes, 'but for what the system buffers').to.be.within(50_000_000, chunks * 1_000_100);
    nats.resume();
    await eventually('it is sent', () => session.bufferedBytes === 0);
    session.close();
  });

  it('takes one that does not respond for three heartbeats for lost, also with much to send', async () => {
    for (const bytes of [0, 50_000_000]) {
      nats = await NatsServer.start();
      const recorded = await open(100);
      nats.pause();
      for (let sent = 0; sent < bytes; sent += 1_000_000)
        recorded.session.publish('herd.x.locations.1', Buffer.alloc(1_000_000));
      expect(await recorded.whenClosed()).to.equal('NATS has not responded for three heartbeats');
      expect(recorded.session.bufferedBytes).to.equal(0);
      await nats.stop();
    }
  });

  it('gives up sending the last messages to one that does not read', async () => {
    nats = await NatsServer.start();
    const pubSub = new NatsPubSub(natsSettings([nats.address], { heartbeatMs: 60_000 }), 'test');
    const { session } = await RecordedSession.open(pubSub);
    nats.pause();
    for (let index = 0; index < 50; index += 1) session.publish('herd.x.locations.1', Buffer.alloc(1_000_000));
    const begin = performance.now();
    session.close();
    await pubSub.flushed();
    expect(performance.now() - begin).to.be.within(closeTimeoutMs - 100, 2 * closeTimeoutMs);
  });

  it('ends when nats-server closes the connection of a slow consumer', async () => {
    nats = await NatsServer.start(['max_pending: 1MB', 'write_deadline: "100ms"']);
    const recorded = await open(20_000);
    recorded.session.subscribe('herd.x.locations.1');
    await recorded.settle(await open(20_000));
    // This process reads nothing in the meantime.
    execFileSync(process.execPath, ['-e', floodScript, String(nats.port)]);
    expect(await recorded.whenClosed()).to.match(/closed|reset/i);
  });

  it('describes a connection that was closed without a reason', async () => {
    nats = await NatsServer.start();
    const silent = createServer((socket) => socket.end());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const pubSub = new NatsPubSub(natsSettings([`127.0.0.1:${port}`]), 'test');
    expect(await new RecordedSession(pubSub).outcome()).to.match(/^connection closed without a reason /);
    silent.close();
  });
});

/** Publishes 64 MB and ends when nats-server has received them. */
const floodScript = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.write('CONNECT {"verbose":false}\\r\\n');
  const payload = Buffer.alloc(500_000, 'x');
  for (let index = 0; index < 128; index += 1) {
    socket.write('PUB herd.x.locations.1 500000\\r\\n');
    socket.write(payload);
    socket.write('\\r\\n');
  }
  socket.write('PING\\r\\n');
  socket.on('data', (chunk) => String(chunk).includes('PONG') && setTimeout(() => process.exit(), 500));
`;
