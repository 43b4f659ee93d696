import { expect } from 'chai';
import { addresses, type ConnectionMessage } from '../../src/actors/messages.js';
import { Twitter } from '../../src/actors/twitter.js';
import { UpstreamError } from '../../src/protocol/errors.js';
import type { MessageBus } from '../../src/runtime/message-bus.js';
import { FakeActor } from '../support/fake-actor.js';
import { eventsOf, strictBus } from '../support/fake-bus.js';
import { FakeHttp, fakeUpstream, promisesSettled } from '../support/fake-upstream.js';
import { VirtualClock } from '../../src/simulation/virtual-clock.js';

const replyTo = addresses.connection(1);
const about = { latitude: '34.06', longitude: '-118.44', radiusKm: 10, count: 5 };

describe('Twitter', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let http: FakeHttp;
  let asker: FakeActor<ConnectionMessage>;
  let upstream: Twitter;
  let reasons: { reason: string }[];

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    http = new FakeHttp();
    asker = new FakeActor();
    reasons = eventsOf(bus, 'upstream-failed');
    bus.attach(replyTo, asker);
    begin();
  });

  function begin(changes: Partial<typeof fakeUpstream> = {}): void {
    upstream = new Twitter(bus, clock, http, { ...fakeUpstream, ...changes });
    bus.attach(addresses.upstream, upstream);
  }

  function ask(question: number, radiusKm = 10): void {
    bus.send(addresses.upstream, { kind: 'nearby', about: { ...about, radiusKm }, replyTo, question });
  }

  /** What the asker has been told by now. */
  async function answers(): Promise<Record<number, string>> {
    await promisesSettled();
    return Object.fromEntries(
      asker.received.map((message) => {
        if (message.kind !== 'nearby-found') throw new Error(`not an answer: ${message.kind}`);
        return [message.question, message.json];
      }),
    );
  }

  it('asks what is near, and relays the answer', async () => {
    ask(7);
    expect(http.last.request.url).to.equal('http://upstream.example/34.06,-118.44,10,5');
    http.last.respond(200, '{"results":[]}');
    expect(await answers()).to.deep.equal({ 7: '{"results":[]}' });
    expect(clock.armed, 'the deadline is taken back').to.equal(0);
  });

  it('[WH3] cuts the radius to what the upstream takes', () => {
    ask(1, 1e300);
    expect(http.last.request.url).to.equal('http://upstream.example/34.06,-118.44,2500,5');
  });

  it('lets questions overtake each other', async () => {
    ask(1);
    ask(2);
    http.last.respond(200, '{"second":2}');
    expect(await answers()).to.deep.equal({ 2: '{"second":2}' });
    http.requests[0]?.respond(200, '{"first":1}');
    expect(await answers()).to.deep.equal({ 1: '{"first":1}', 2: '{"second":2}' });
  });

  it('[UP6] gives the upstream five seconds, and then answers itself', async () => {
    ask(1);
    clock.advance(4_999);
    expect(await answers()).to.deep.equal({});
    clock.advance(1);
    expect(http.last.signal.aborted).to.equal(true);
    expect(await answers()).to.deep.equal({ 1: '{"error":"no answer within 5 s"}' });
    expect(reasons).to.have.lengthOf(1);
  });

  it('[UP4] [UP5] answers in the form of the upstream when the request fails, or the answer is none', async () => {
    ask(1);
    http.last.fail(new UpstreamError('the upstream cannot be reached'));
    ask(2);
    http.last.respond(503, 'secret');
    expect(await answers()).to.deep.equal({
      1: '{"error":"the upstream cannot be reached"}',
      2: '{"error":"HTTP 503"}',
    });
    expect(reasons.map(({ reason }) => reason)).to.deep.equal(['the upstream cannot be reached', 'HTTP 503']);
  });

  for (const place of ['request', 'answer'] as const) {
    it(`[UP7] [UP9] says no more than that when the upstream's ${place} is broken, and tells the log the rest`, async () => {
      const failures = eventsOf(bus, 'actor-failed');
      begin({
        [place]: () => {
          throw new TypeError('secret is not a function');
        },
      });
      for (const question of [1, 2]) {
        ask(question);
        for (const request of http.requests) request.respond(200, '{}');
      }
      expect(await answers()).to.deep.equal({ 1: '{"error":"internal error"}', 2: '{"error":"internal error"}' });
      expect(failures.map(({ error }) => (error as Error).message)).to.deep.equal(
        new Array<string>(2).fill('secret is not a function'),
      );
    });
  }

  it('[UP8] has 256 questions under way at most, and room again when one is answered', async () => {
    for (let question = 1; question <= 257; question += 1) ask(question);
    expect(http.requests).to.have.lengthOf(256);
    expect(await answers()).to.deep.equal({ 257: '{"error":"too many questions at once, ask again"}' });
    http.requests[0]?.respond(200, '{}');
    await promisesSettled();
    ask(258);
    ask(259);
    expect(http.requests).to.have.lengthOf(257);
    expect(await answers()).to.include({ 259: '{"error":"too many questions at once, ask again"}' });
  });

  it('aborts what is under way when it stops, and leaves no timer', async () => {
    ask(1);
    ask(2);
    upstream.stop();
    expect(http.requests.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
    await promisesSettled();
    expect(clock.armed).to.equal(0);
  });

  it('answers, after a restart, those who asked before it; and does not take them for its own', async () => {
    ask(1);
    upstream.stop();
    begin();
    ask(2);
    expect(await answers()).to.deep.equal({ 1: '{"error":"the question was given up"}' });
    upstream.stop();
    expect(http.last.signal.aborted, 'the new request is still its own').to.equal(true);
  });
});
