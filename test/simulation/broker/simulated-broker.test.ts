import { expect } from 'chai';
import { BrokerWorld, heartbeatMs, transitMs } from '../../support/simulated-broker.js';

/** Long enough for sessions to be open. */
const openMs = 1_000;

describe('a node of the simulated broker', () => {
  it('delivers a message to every subscriber but its publisher, as a copy', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard', 'Metta']);
    const [blake, howard, metta] = [world.connect('Blake'), world.connect('Howard'), world.connect('Metta')];
    expect(blake.reports, 'nothing is reported while a session is opened').to.deep.equal([]);
    world.pass(openMs);
    for (const client of [blake, howard, metta]) {
      expect(client.take()).to.deep.equal(['opened']);
      client.session.subscribe('herd.*.presence');
    }
    howard.session.subscribe('herd.a.>');
    world.pass(openMs);
    const payload = Buffer.from('hello');
    blake.session.publish('herd.a.presence', payload);
    payload.write('spoil');
    expect(howard.reports).to.deep.equal([]);
    world.pass(2 * transitMs);
    expect(blake.take()).to.deep.equal([]);
    // Once per subscription.
    expect(howard.take()).to.deep.equal(['herd.a.presence: hello', 'herd.a.presence: hello']);
    expect(metta.take()).to.deep.equal(['herd.a.presence: hello']);
    metta.payloads[0]?.fill(0);
    expect(Buffer.from(howard.payloads[0] ?? []).toString()).to.equal('hello');
  });

  it('delivers in the order of publishing, and nothing after a subscription has ended', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard']);
    const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
    world.pass(openMs);
    const unsubscribe = howard.session.subscribe('numbers');
    world.pass(openMs);
    for (let number = 1; number <= 5; number += 1) blake.publish('numbers', String(number));
    world.pass(2 * transitMs);
    expect(howard.take().slice(1)).to.deep.equal([1, 2, 3, 4, 5].map((number) => `numbers: ${number}`));
    blake.publish('numbers', '6');
    world.pass(transitMs + 1);
    // The message is on its way.
    unsubscribe();
    world.pass(openMs);
    blake.publish('numbers', '7');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal([]);
  });

  it('chooses one subscriber per queue group, not the publisher', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard', 'Metta']);
    const [blake, howard, metta] = [world.connect('Blake'), world.connect('Howard'), world.connect('Metta')];
    world.pass(openMs);
    for (const client of [blake, howard, metta]) {
      client.session.subscribe('lookup', 'holders');
      client.take();
    }
    howard.session.subscribe('lookup', 'others');
    world.pass(openMs);
    for (let count = 0; count < 200; count += 1) blake.publish('lookup', 'kiwi');
    world.pass(openMs);
    expect(blake.reports).to.deep.equal([]);
    expect(howard.reports.length + metta.reports.length, 'one of the holders and one of the others').to.equal(400);
    expect(metta.reports.length).to.be.within(60, 140);
  });

  it('reports a request without a subscriber to the requester only, and passes replies on', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard']);
    const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
    world.pass(openMs);
    blake.session.subscribe('reply.>');
    blake.session.subscribe('lookup', 'holders');
    blake.publish('lookup', 'kiwi', 'reply.1');
    blake.publish('nowhere', 'kiwi');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['opened', 'unanswered reply.1']);
    const unsubscribe = howard.session.subscribe('lookup', 'holders');
    world.pass(openMs);
    blake.publish('lookup', 'kiwi', 'reply.2');
    world.pass(2 * transitMs);
    expect(howard.take()).to.deep.equal(['opened', 'lookup: kiwi > reply.2']);
    howard.publish('reply.2', 'AT');
    unsubscribe();
    world.pass(transitMs);
    blake.publish('lookup', 'kiwi', 'reply.3');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['reply.2: AT', 'unanswered reply.3']);
    expect(world.delivered)
      .to.include('Blake>broker PUB lookup reply.2 4\nkiwi')
      .and.to.include('broker>Howard MSG lookup 1 reply.2 4\nkiwi');
  });

  it('resets its connections when it goes down, refuses new ones, and knows nothing of them when it is back', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard']);
    const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
    world.pass(openMs);
    howard.session.subscribe('lookup');
    world.pass(openMs);
    // Published before the node goes down, and before the client knows that it did.
    blake.publish('lookup', 'kiwi');
    world.broker.stop('broker');
    blake.publish('lookup', 'kiwi');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['opened', 'closed: the connection was reset']);
    expect(howard.take()).to.deep.equal(['opened', 'closed: the connection was reset']);
    blake.reopen();
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['closed: connection refused']);
    world.broker.start('broker');
    blake.reopen();
    howard.reopen();
    world.pass(openMs);
    blake.publish('lookup', 'kiwi', 'reply.1');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['opened', 'unanswered reply.1']);
    expect(howard.take()).to.deep.equal(['opened']);
  });

  it('counts as silent for a client after three heartbeats, in each direction of a cut', () => {
    for (const [from, to] of [
      ['Blake', 'broker'],
      ['broker', 'Blake'],
    ] as const) {
      const world = new BrokerWorld(1, ['Blake', 'Howard']);
      const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
      world.pass(openMs);
      blake.session.subscribe('news');
      world.pass(heartbeatMs);
      world.cutOneWay(from, to);
      // What arrives does not answer a heartbeat.
      for (let count = 0; count < 20; count += 1) {
        howard.publish('news', 'none');
        world.pass(heartbeatMs / 10);
      }
      expect(blake.reports).to.not.include('closed: stale connection');
      world.pass(heartbeatMs);
      expect(blake.reports).to.include('closed: stale connection');
      expect(howard.reports).to.deep.equal(['opened']);
    }
  });

  it('finds a silent client by itself, so that queue groups do not choose it for ever', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard']);
    const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
    world.pass(openMs);
    howard.session.subscribe('lookup', 'holders');
    world.pass(openMs);
    world.cut('Howard', 'broker');
    blake.publish('lookup', 'kiwi', 'reply.1');
    world.pass(8_000);
    blake.publish('lookup', 'kiwi', 'reply.2');
    world.pass(openMs);
    // The first request was lost silently.
    expect(blake.take()).to.deep.equal(['opened', 'unanswered reply.2']);
  });

  it('closes the connection of a slow consumer, and of no other', () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard', 'Metta'], { bufferBytes: 1_000 });
    const [blake, howard, metta] = [world.connect('Blake'), world.connect('Howard'), world.connect('Metta')];
    world.pass(openMs);
    howard.session.subscribe('news');
    metta.session.subscribe('news');
    world.pass(openMs);
    howard.process.pause();
    for (let count = 0; count < 20; count += 1) {
      blake.publish('news', 'x'.repeat(1_000));
      world.pass(2 * transitMs);
    }
    howard.process.resume();
    world.pass(openMs);
    // Up to eight network buffers were in flight; the rest is lost.
    const received = howard.take();
    expect(received.filter((report) => report.startsWith('news: '))).to.have.length.within(7, 9);
    expect(received.at(-1)).to.equal('closed: slow consumer');
    expect(metta.take()).to.have.lengthOf(1 + 20);
  });

  it('receives what a session published before it was closed, and reports nothing to it any more', async () => {
    const world = new BrokerWorld(1, ['Blake', 'Howard']);
    const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
    world.pass(openMs);
    howard.session.subscribe('news');
    blake.session.subscribe('news');
    world.pass(openMs);
    let isFlushed = false;
    howard.publish('news', 'missed');
    blake.publish('news', 'the last');
    blake.session.close();
    blake.publish('news', 'too late');
    void blake.pubSub.flushed().then(() => (isFlushed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isFlushed).to.equal(false);
    world.pass(openMs);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isFlushed).to.equal(true);
    expect(blake.take()).to.deep.equal(['opened']);
    expect(howard.take()).to.deep.equal(['opened', 'news: the last']);
  });

  it('misses some of the last messages of a killed process, and reports nothing to it', () => {
    const received = new Set<number>();
    for (let seed = 0; seed < 20; seed += 1) {
      const world = new BrokerWorld(1, ['Blake', 'Howard'], { seed: String(seed) });
      const [blake, howard] = [world.connect('Blake'), world.connect('Howard')];
      world.pass(openMs);
      howard.session.subscribe('news');
      blake.session.subscribe('news');
      world.pass(openMs);
      howard.take();
      for (let number = 1; number <= 4; number += 1) blake.publish('news', String(number));
      howard.publish('news', 'to a dead process');
      blake.kill();
      world.pass(openMs);
      const expected = ['news: 1', 'news: 2', 'news: 3', 'news: 4'].slice(0, howard.reports.length);
      expect(howard.reports).to.deep.equal(expected);
      expect(blake.reports).to.deep.equal(['opened']);
      received.add(expected.length);
      // Its subscription has ended with its connection.
      howard.publish('news', 'none', 'reply.1');
      world.pass(openMs);
      expect(howard.reports.at(-1)).to.equal('unanswered reply.1');
    }
    expect(received.size, 'different numbers of messages are missed').to.be.greaterThan(2);
  });

  it('accepts no payload over the maximum', () => {
    const world = new BrokerWorld(1, ['Blake']);
    const blake = world.connect('Blake');
    world.pass(openMs);
    expect(() => blake.publish('news', 'x'.repeat(blake.session.maxPayloadBytes + 1))).to.throw(/exceeds/);
  });

  it('lets a session know how much is not sent', () => {
    const world = new BrokerWorld(1, ['Blake'], { bufferBytes: 1_000 });
    const blake = world.connect('Blake');
    world.pass(openMs);
    world.cut('Blake', 'broker');
    blake.publish('news', 'x'.repeat(900));
    expect(blake.session.bufferedBytes).to.equal(0);
    blake.publish('news', 'x'.repeat(900));
    expect(blake.session.bufferedBytes).to.be.within(800, 900);
  });
});
