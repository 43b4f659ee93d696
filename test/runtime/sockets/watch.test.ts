import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { addresses } from '../../../src/actors/addresses.js';
import type { SubscriptionMessage } from '../../../src/actors/client/messages.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import type { Client } from '../../support/client.js';
import { eventually, defaultTimeoutMs } from '../../support/eventually.js';
import { collectEvents } from '../../support/fake-bus.js';
import { createLocation } from '../../support/fake-location.js';
import { HerdInProcess } from '../../support/herd-in-process.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';

describe('WATCH over sockets', function () {
  this.timeout(2 * defaultTimeoutMs);
  let herd: HerdInProcess;
  let sockets: WebSocket[];

  beforeEach(async () => {
    sockets = [];
    herd = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });
    await herd.start();
  });

  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    await herd.stop();
  });

  /** Connects a client and subscribes it. */
  async function watcher(server: string, what: string): Promise<Client> {
    const client = await herd.client(server);
    expect(await client.request(`WATCH ${what}`)).to.equal(`WATCHING ${what}`);
    return client;
  }

  async function metric(server: string, name: string): Promise<number> {
    const page = await (await fetch(herd.url(server, '/metrics'))).text();
    const own = `herd="test",server="${server}"`;
    const line = page
      .split('\n')
      .find((each) => each.replace(`{${own}}`, '').replace(`,${own}`, '').startsWith(`${name} `));
    return Number(line?.split(' ').at(-1));
  }

  it('[WA1] sends reports of another server over TCP', async () => {
    const client = await watcher('Bryant', 'kiwi');
    await herd.report('Blake', 'moa', 1);
    expect(await herd.report('Blake', 'kiwi', 1)).to.equal(await client.line());
    expect(await herd.report('Bryant', 'kiwi', 2)).to.equal(await client.line());
  });

  it('[WA1][WS1] sends one WebSocket message per change', async () => {
    const first = await herd.report('Blake', 'kiwi', 1);
    const socket = new WebSocket(herd.url('Blake', '/ws').replace('http', 'ws'));
    sockets.push(socket);
    const messages: string[] = [];
    socket.on('message', (message: Buffer) => messages.push(message.toString()));
    await once(socket, 'open');
    socket.send('WATCH kiwi');
    await eventually('it watches', () => messages.length === 2);
    const second = await herd.report('Bryant', 'kiwi', 2);
    await eventually('it is told', () => messages.length === 3);
    socket.send('UNWATCH');
    await eventually('it watches no more', () => messages.length === 4);
    await herd.waitForAgreement(await herd.report('Blake', 'kiwi', 3));
    socket.send('hello');
    await eventually('it is answered', () => messages.length === 5);
    expect(messages).to.deep.equal(['WATCHING kiwi', first, second, 'UNWATCHED', '? hello']);
  });

  it('[WA6] conflates changes of a client that does not read, and sends the newest when it reads again', async () => {
    const client = await watcher('Blake', '*');
    const conflated = collectEvents(herd.bus('Blake'), 'subscription-conflated');
    client.socket.pause();
    // Large enough to fill the buffers of the operating system soon.
    const phones = ['a', 'b', 'c'].map((letter) => letter.repeat(3_000));
    let rounds = 0;
    const conflatedCount = () => conflated.reduce((sum, { count }) => sum + count, 0);
    while (conflatedCount() < 10_000) {
      rounds += 1;
      const locations = phones.map((phone) => createLocation(phone, rounds));
      herd.bus('Blake').send(addresses.store, { kind: 'report', batch: LocationBatch.of(locations) });
    }
    client.socket.resume();
    const newest = new Map<string, number>();
    let count = 0;
    await eventually('the newest of each', async () => {
      for (; client.unreadLineCount > 0; count += 1) {
        const [, , , phone = '', , time] = (await client.line()).split(' ');
        expect(Number(time), 'in order').to.be.above(newest.get(phone) ?? 0);
        newest.set(phone, Number(time));
      }
      return phones.every((phone) => newest.get(phone) === rounds);
    });
    expect(count + conflatedCount()).to.equal(phones.length * rounds);
  });

  it('[WA8] keeps sending to a half-closed client until it disconnects', async () => {
    const client = await watcher('Blake', '*');
    client.socket.end();
    expect(await herd.report('Blake', 'kiwi', 1)).to.equal(await client.line());
    const disconnects = collectEvents(herd.bus('Blake'), 'client-disconnected');
    client.close();
    await eventually('the server knows that it is gone', async () => {
      await herd.report('Blake', 'kiwi', performance.now());
      return disconnects.length > 0;
    });
  });

  it('[WA8] closes connections with subscriptions when the server stops', async () => {
    const clients = await Promise.all([watcher('Blake', '*'), watcher('Blake', 'kiwi')]);
    const letters = collectEvents(herd.bus('Blake'), 'dead-letter');
    clients[0].socket.end();
    await herd.stopServer('Blake');
    for (const client of clients) expect(await client.readToEnd()).to.equal('');
    // Failures of links that were stopped before their channels closed are ignored.
    const toClients = letters.filter(({ address }) => address.startsWith('connection/'));
    expect(toClients).to.deep.equal([]);
  });

  it('[WA10] closes connections with subscriptions, and no others, when the registry fails', async () => {
    const client = await watcher('Blake', 'kiwi');
    const other = await herd.client('Blake');
    // A message that makes the registry throw.
    herd
      .bus('Blake')
      .send(addresses.subscriptions, { kind: 'learned', locations: undefined } as unknown as SubscriptionMessage);
    expect(await client.readToEnd()).to.equal('');
    expect(await other.request('hello')).to.equal('? hello');
    const again = await watcher('Blake', 'kiwi');
    expect(await herd.report('Blake', 'kiwi', 1)).to.equal(await again.line());
  });

  it('counts commands, subscribers and sent lines', async () => {
    const client = await watcher('Blake', '*');
    await (await watcher('Blake', 'moa')).request('UNWATCH');
    for (const line of ['WATCH', 'UNWATCH a b', 'WHATSAT kiwi']) await client.request(line);
    await client.request('IAMAT kiwi +1+1 1');
    await client.line();
    const locations = [createLocation('kiwi', 2), createLocation('kiwi', 3)];
    herd.bus('Blake').send(addresses.store, { kind: 'report', batch: LocationBatch.of(locations) });
    await client.lines(2);
    const commands = (kind: string, outcome: string) =>
      metric('Blake', `herd_commands_total{kind="${kind}",outcome="${outcome}"}`);
    expect(await commands('WATCH', 'answered')).to.equal(2);
    expect(await commands('UNWATCH', 'answered')).to.equal(1);
    expect(await commands('WATCH', 'invalid')).to.equal(1);
    expect(await commands('UNWATCH', 'invalid')).to.equal(1);
    expect(await commands('WHATSAT', 'invalid')).to.equal(1);
    expect(await commands('IAMAT', 'answered'), 'changes are no answers').to.equal(1);
    expect(await metric('Blake', 'herd_subscribers')).to.equal(1);
    expect(await metric('Blake', 'herd_subscription_lines_total')).to.equal(3);
    await client.request('UNWATCH');
    client.close();
    await eventually('nobody watches', async () => (await metric('Blake', 'herd_subscribers')) === 0);
    // A disconnected client is sent nothing.
    const letters = collectEvents(herd.bus('Blake'), 'dead-letter');
    await herd.report('Blake', asClientId('kiwi'), 4);
    expect(letters).to.deep.equal([]);
  });
});
