import { expect } from 'chai';
import type { PubSub } from '../../../src/actors/ports/pub-sub.js';
import { eventually } from '../../support/eventually.js';
import { RecordedSession } from '../../support/recorded-session.js';

/** A broker under test. */
export interface BrokerUnderTest {
  /** Connections of three servers. */
  readonly connections: readonly [PubSub, PubSub, PubSub];
  /** Takes the broker down and up again. */
  readonly goDown: () => Promise<void>;
  readonly comeUp: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What every implementation of `PubSub` promises. */
export function describePubSub(start: () => Promise<BrokerUnderTest>): void {
  let broker: BrokerUnderTest;
  let [one, two, three]: RecordedSession[] = [];

  beforeEach(async () => {
    broker = await start();
    [one, two, three] = await Promise.all(broker.connections.map((pubSub) => RecordedSession.open(pubSub)));
  });

  afterEach(async () => {
    for (const each of [one, two, three]) each?.session.close();
    await broker.end();
  });

  /** The sessions, after what they sent has been handled. */
  async function settled(): Promise<[RecordedSession, RecordedSession, RecordedSession]> {
    if (one === undefined || two === undefined || three === undefined) throw new Error('not opened');
    await Promise.all([one.settle(two), two.settle(three), three.settle(one)]);
    return [one, two, three];
  }

  it('delivers to each subscriber of a subject, and not to its publisher', async () => {
    const [a, b, c] = await settled();
    for (const each of [a, b, c]) each.session.subscribe('herd.x.presence');
    c.session.subscribe('herd.x.other');
    await settled();
    a.publish('herd.x.presence', 'hello');
    await eventually('both have it', () => b.received.length > 0 && c.received.length > 0);
    await settled();
    expect(b.received).to.deep.equal([{ subject: 'herd.x.presence', text: 'hello', replyTo: '' }]);
    expect(c.received).to.deep.equal(b.received);
    expect(a.received).to.deep.equal([]);
  });

  it('has wildcards for one token and for the rest', async () => {
    const [a, b, c] = await settled();
    b.session.subscribe('herd.x.servers.b.>');
    c.session.subscribe('herd.*.lookup.*');
    await settled();
    for (const subject of ['servers.b.reply.1', 'servers.b', 'servers.bb.reply.1', 'lookup.7', 'lookup.7.8'])
      a.publish(`herd.x.${subject}`, subject);
    await settled();
    expect(b.texts).to.deep.equal(['servers.b.reply.1']);
    expect(c.texts).to.deep.equal(['lookup.7']);
  });

  it('delivers to one of a queue group, and to another when that one has unsubscribed', async () => {
    const [a, b, c] = await settled();
    const unsubscribe = b.session.subscribe('herd.x.lookup.1', 'holders');
    c.session.subscribe('herd.x.lookup.1', 'holders');
    await settled();
    for (let index = 0; index < 100; index += 1) a.publish('herd.x.lookup.1', String(index));
    await settled();
    expect(b.received.length + c.received.length).to.equal(100);
    expect(b.received.length, 'balanced').to.be.within(1, 99);
    unsubscribe();
    await settled();
    const before = c.received.length;
    for (let index = 0; index < 20; index += 1) a.publish('herd.x.lookup.1', String(index));
    await settled();
    expect(c.received.length - before).to.equal(20);
  });

  it('does not give a message of a queue group to its own publisher', async () => {
    const [a, b] = await settled();
    for (const each of [a, b]) each.session.subscribe('herd.x.lookup.1', 'holders');
    await settled();
    for (let index = 0; index < 20; index += 1) a.publish('herd.x.lookup.1', String(index));
    await settled();
    expect([a.received.length, b.received.length]).to.deep.equal([0, 20]);
  });

  it('carries the subject for responses', async () => {
    const [a, b] = await settled();
    a.session.subscribe('herd.x.servers.a.>');
    b.session.subscribe('herd.x.lookup.1', 'holders');
    await settled();
    a.publish('herd.x.lookup.1', 'kiwi', 'herd.x.servers.a.reply.5');
    await eventually('the request is there', () => b.received.length > 0);
    b.publish(b.received[0]?.replyTo ?? '', 'here');
    await eventually('the response is there', () => a.received.length > 0);
    expect(a.received).to.deep.equal([{ subject: 'herd.x.servers.a.reply.5', text: 'here', replyTo: '' }]);
    expect(a.unanswered).to.deep.equal([]);
  });

  it('reports a request without a subscriber, and no other message without one', async () => {
    const [a] = await settled();
    a.session.subscribe('herd.x.servers.a.>');
    a.session.subscribe('herd.x.lookup.1', 'holders');
    a.publish('herd.x.lookup.1', 'kiwi', 'herd.x.servers.a.reply.6');
    a.publish('herd.x.lookup.2', 'kiwi');
    await eventually('it is reported', () => a.unanswered.length > 0);
    await settled();
    expect(a.unanswered).to.deep.equal(['herd.x.servers.a.reply.6']);
    expect(a.received).to.deep.equal([]);
  });

  it('takes an empty response for a response', async () => {
    const [a, b] = await settled();
    a.session.subscribe('herd.x.servers.a.>');
    await settled();
    b.publish('herd.x.servers.a.reply.7', '');
    await eventually('it is there', () => a.received.length > 0);
    expect(a.unanswered).to.deep.equal([]);
  });

  it('keeps the order of the messages of a publisher, across subjects', async () => {
    const [a, b] = await settled();
    b.session.subscribe('herd.x.locations.>');
    await settled();
    const texts = Array.from({ length: 5_000 }, (_, index) => `${index} ${'x'.repeat(index % 400)}`);
    for (const [index, text] of texts.entries()) a.publish(`herd.x.locations.${index % 256}`, text);
    await eventually('all are there', () => b.received.length === texts.length);
    expect(b.texts).to.deep.equal(texts);
  });

  it('carries any bytes, up to the maximum length of a payload', async () => {
    const [a, b] = await settled();
    const received: Buffer[] = [];
    b.onMessage = (payload) => received.push(Buffer.from(payload));
    b.session.subscribe('herd.x.locations.1');
    await settled();
    received.length = 0;
    expect(a.session.maxPayloadBytes).to.be.at.least(65_536);
    const payload = Buffer.alloc(a.session.maxPayloadBytes, 'a\r\n\0ÿMSG ');
    a.session.publish('herd.x.locations.1', Buffer.from(payload));
    a.session.publish('herd.x.locations.1', Buffer.alloc(0));
    await eventually('both are there', () => received.length === 2);
    expect(received[0]?.equals(payload)).to.equal(true);
    expect(received[1]?.length).to.equal(0);
  });

  it('has sent everything when it is closed, and reports nothing from then on', async () => {
    const [a, b, c] = await settled();
    b.session.subscribe('herd.x.locations.1');
    c.session.subscribe('herd.x.locations.1');
    await settled();
    const payload = 'x'.repeat(10_000);
    for (let index = 0; index < 1_000; index += 1) a.publish('herd.x.locations.1', payload);
    const reports = c.reports.length;
    c.session.close();
    a.session.close();
    await broker.connections[0].flushed();
    await eventually('all are there', () => b.received.length === 1_000);
    expect(a.reason).to.equal(undefined);
    expect(c.reports.length).to.equal(reports);
    for (const each of [a, c]) {
      each.session.close();
      each.session.publish('herd.x.locations.1', new Uint8Array(1));
      each.session.subscribe('herd.x.locations.1')();
    }
    await b.settle(await RecordedSession.open(broker.connections[0]));
    expect(b.received.length).to.equal(1_000);
  });

  it('reports once that the broker is down, nothing after that, and opens again when it is up', async () => {
    const [a, b] = await settled();
    await broker.goDown();
    for (const each of [a, b]) {
      await each.whenClosed();
      each.publish('herd.x.presence', 'lost');
    }
    const during = new RecordedSession(broker.connections[0]);
    expect(during.reports, 'none during the call').to.deep.equal([]);
    expect(await during.outcome()).to.not.equal('opened');
    await broker.comeUp();
    const again = await RecordedSession.open(broker.connections[0]);
    again.session.close();
    expect(a.reports.filter((report) => report === 'closed').length).to.equal(1);
    expect(a.reports.at(-1)).to.equal('closed');
    expect(during.reports).to.deep.equal(['closed']);
  });

  it('resolves `flushed` without a session, and is not kept by one that is closed while it opens', async () => {
    await broker.connections[0].flushed();
    const opening = new RecordedSession(broker.connections[0]);
    opening.session.close();
    await broker.connections[0].flushed();
    expect(opening.reports).to.deep.equal([]);
  });
}
