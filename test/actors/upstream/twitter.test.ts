import { expect } from 'chai';
import type { BreakerEvent, BudgetEvent } from '../../../src/actors/bus/events.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import { Twitter } from '../../../src/actors/upstream/twitter.js';
import { Budget } from '../../../src/actors/upstream/budget.js';
import { defaultUpstreamSettings, type UpstreamSettings } from '../../../src/actors/upstream/upstream-settings.js';
import { UpstreamError } from '../../../src/protocol/upstream/errors.js';
import type { NearbyQuery } from '../../../src/protocol/upstream/upstream.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../support/fake-bus.js';
import { FakeHttp, fakeUpstream, flushPromises } from '../../support/fake-upstream.js';

const replyTo = addresses.connection(1);
const about = { latitude: '34.06', longitude: '-118.44', radiusKm: 10, count: 5 };

describe('Twitter', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let http: FakeHttp;
  let asker: FakeActor<ConnectionMessage>;
  let budget: Budget;
  let upstream: Twitter;
  let reasons: { reason: string }[];
  let breaker: BreakerEvent[];
  let overdrafts: BudgetEvent[];

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    http = new FakeHttp();
    asker = new FakeActor();
    reasons = collectEvents(bus, 'upstream-failed');
    breaker = collectEvents(bus, 'upstream-breaker');
    overdrafts = collectEvents(bus, 'upstream-budget');
    bus.attach(replyTo, asker);
    begin();
  });

  afterEach(async () => {
    upstream.stop();
    await flushPromises();
    expect(clock.armedTimerCount, 'no timer outlives the actor').to.equal(0);
  });

  function begin(changes: Partial<typeof fakeUpstream> = {}, settings: Partial<UpstreamSettings> = {}): void {
    const whole = { ...defaultUpstreamSettings, ...settings };
    budget = new Budget(whole.budget);
    restart(changes, settings);
  }

  /** Another actor in the place of the one there was, with what outlives it. */
  function restart(changes: Partial<typeof fakeUpstream> = {}, settings: Partial<UpstreamSettings> = {}): void {
    const edges = { clock, random: { next: () => 0.5 }, http, budget };
    upstream = new Twitter(bus, edges, { ...fakeUpstream, ...changes }, { ...defaultUpstreamSettings, ...settings });
    bus.attach(addresses.upstream, upstream);
  }

  function ask(requestId: number, changes: Partial<NearbyQuery> = {}): void {
    bus.send(addresses.upstream, {
      kind: 'nearby',
      query: { ...about, ...changes },
      remoteHost: '192.0.2.1',
      replyTo,
      requestId,
    });
  }

  /** Asks a question that is like no other. */
  function askDistinct(question: number): void {
    ask(question, { radiusKm: question / 1_000 });
  }

  /** What the asker has been told since it was last asked. */
  async function answers(): Promise<Record<number, string>> {
    await flushPromises();
    return Object.fromEntries(
      asker.take().map((message) => {
        if (message.kind !== 'nearby-response') throw new Error(`not an answer: ${message.kind}`);
        return [message.requestId, message.json];
      }),
    );
  }

  const refused = () => http.last.fail(new UpstreamError('the upstream cannot be reached', 'transient'));
  const states = () => breaker.map(({ state }) => state);

  /** Has five questions fail, which trips the breaker. */
  async function trip(): Promise<void> {
    for (let question = 1_001; question <= 1_005; question += 1) {
      askDistinct(question);
      http.last.fail(new UpstreamError('nonsense.', 'permanent'));
      await flushPromises();
    }
    expect(states().at(-1)).to.equal('open');
    asker.take();
  }

  it('queries what is near, and relays the response', async () => {
    ask(7);
    expect(http.last.request.url).to.equal('http://upstream.example/34.06,-118.44,10,5');
    http.last.respond(200, '{"results":[]}');
    expect(await answers()).to.deep.equal({ 7: '{"results":[]}' });
    expect(clock.armedTimerCount, 'the deadline is taken back').to.equal(0);
    expect(breaker).to.deep.equal([]);
  });

  it('[WH3] passes on the requested radius, which the upstream clamps with a warning', () => {
    ask(1, { radiusKm: 1e300 });
    expect(http.last.request.url).to.equal('http://upstream.example/34.06,-118.44,1e+300,5');
  });

  it('lets queries overtake each other', async () => {
    askDistinct(1);
    askDistinct(2);
    http.last.respond(200, '{"second":2}');
    expect(await answers()).to.deep.equal({ 2: '{"second":2}' });
    http.requests[0]?.respond(200, '{"first":1}');
    expect(await answers()).to.deep.equal({ 1: '{"first":1}' });
  });

  it('[UP6] responds with an error after five seconds', async () => {
    ask(1);
    clock.advance(4_999);
    expect(await answers()).to.deep.equal({});
    clock.advance(1);
    expect(http.last.signal.aborted).to.equal(true);
    expect(http.last.signal.reason).to.be.instanceOf(UpstreamError).and.include({ message: 'no response within 5 s' });
    expect(await answers()).to.deep.equal({ 1: '{"error":"no response within 5 s"}' });
    expect(reasons).to.have.lengthOf(1);
    http.last.respond(200, '{}');
    expect(await answers(), 'what comes after that is not heard').to.deep.equal({});
  });

  it("[UP4] [UP5] responds with an error in the upstream's format to an invalid response", async () => {
    ask(1);
    http.last.respond(503, 'secret');
    expect(await answers()).to.deep.equal({ 1: '{"error":"HTTP 503"}' });
    expect(reasons.map(({ reason }) => reason)).to.deep.equal(['HTTP 503']);
  });

  for (const place of ['request', 'answer'] as const) {
    it(`[UP7] [UP9] responds with an internal error if the upstream's ${place} throws, and logs the details`, async () => {
      const failures = collectEvents(bus, 'actor-failed');
      begin({
        [place]: () => {
          throw new TypeError('secret is not a function');
        },
      });
      for (const question of [1, 2]) {
        askDistinct(question);
        for (const request of http.requests) request.respond(200, '{}');
      }
      expect(await answers()).to.deep.equal({ 1: '{"error":"internal error"}', 2: '{"error":"internal error"}' });
      expect(failures.map(({ error }) => (error as Error).message)).to.deep.equal(
        new Array<string>(2).fill('secret is not a function'),
      );
    });
  }

  describe('many queries at once', () => {
    it('[UP8] makes 32 requests at once and queues 256; the next one is rejected at once', async () => {
      for (let question = 1; question <= 289; question += 1) askDistinct(question);
      expect(http.requests).to.have.lengthOf(32);
      expect(await answers()).to.deep.equal({ 289: '{"error":"upstream queue is full, retry later"}' });
      http.requests[0]?.respond(200, '{}');
      await flushPromises();
      expect(http.requests, 'the next in turn').to.have.lengthOf(33);
      expect(http.last.request.url).to.include(',0.033,');
      askDistinct(290);
      expect(await answers(), 'there is room for one again').to.deep.equal({ 1: '{}' });
      clock.advance(5_000);
      expect(Object.keys(await answers()), 'all are answered within the deadline').to.have.lengthOf(288);
    });

    it('[UP12] coalesces a thousand equal queries', async () => {
      for (let question = 1; question <= 1_000; question += 1) ask(question);
      expect(http.requests).to.have.lengthOf(1);
      http.last.respond(200, '{"for":"all"}');
      const all = await answers();
      expect(Object.keys(all)).to.have.lengthOf(1_000);
      expect(new Set(Object.values(all))).to.deep.equal(new Set(['{"for":"all"}']));
    });

    it('[UP12] does not coalesce queries with another position, radius or count, but those with radii beyond the maximum', () => {
      ask(1);
      for (const changes of [{ latitude: '34.060' }, { longitude: '-118.440' }, { radiusKm: 10.5 }, { count: 6 }]) {
        ask(2, changes);
      }
      expect(http.requests).to.have.lengthOf(5);
      ask(3, { radiusKm: 2_500 });
      ask(3, { radiusKm: 2_501 });
      ask(4, { radiusKm: 1e300 });
      expect(http.requests).to.have.lengthOf(7);
    });

    it('[UP12] responds with the failure to all coalesced queries', async () => {
      ask(1);
      ask(2);
      http.last.respond(500, '');
      expect(await answers()).to.deep.equal({ 1: '{"error":"HTTP 500"}', 2: '{"error":"HTTP 500"}' });
    });
  });

  describe('the response cache', () => {
    it('[UP11] returns the same response for 15 seconds', async () => {
      ask(1);
      http.last.respond(200, '{"at":1}');
      await flushPromises();
      clock.advance(14_999);
      ask(2);
      expect(await answers()).to.deep.equal({ 1: '{"at":1}', 2: '{"at":1}' });
      clock.advance(1);
      ask(3);
      expect(http.requests).to.have.lengthOf(2);
    });

    it('[UP11] stores no failures', async () => {
      ask(1);
      http.last.respond(500, '');
      await flushPromises();
      ask(2);
      expect(http.requests).to.have.lengthOf(2);
    });

    it('[UP11] is used while the breaker is open and the budget is exhausted', async () => {
      begin({}, { budget: { ...defaultUpstreamSettings.budget, requestsPerMinute: 6 } });
      ask(1);
      http.last.respond(200, '{}');
      await trip();
      ask(2);
      expect(await answers()).to.deep.equal({ 2: '{}' });
    });
  });

  describe('retries', () => {
    it('[UP10] makes up to three attempts with pauses after transient failures', async () => {
      ask(1);
      refused();
      await flushPromises();
      expect(http.requests).to.have.lengthOf(1);
      clock.advance(50);
      expect(http.requests).to.have.lengthOf(2);
      refused();
      await flushPromises();
      clock.advance(99);
      expect(http.requests).to.have.lengthOf(2);
      clock.advance(1);
      expect(http.requests).to.have.lengthOf(3);
      refused();
      expect(await answers()).to.deep.equal({ 1: '{"error":"the upstream cannot be reached"}' });
      expect(reasons, 'said once').to.have.lengthOf(1);
    });

    it('[UP10] ends with the first success', async () => {
      ask(1);
      refused();
      await flushPromises();
      ask(2);
      clock.advance(50);
      http.last.respond(200, '{}');
      expect(await answers()).to.deep.equal({ 1: '{}', 2: '{}' });
      expect(reasons).to.have.lengthOf(0);
    });

    it('[UP10] does not retry permanent failures and invalid requests', async () => {
      for (const errorKind of ['permanent', 'malformed-response', 'invalid-request'] as const) {
        ask(1);
        http.last.fail(new UpstreamError('no', errorKind));
        expect(await answers()).to.deep.equal({ 1: '{"error":"no"}' });
      }
      clock.advance(5_000);
      expect(http.requests).to.have.lengthOf(3);
    });

    it('[UP6] has one deadline for all attempts', async () => {
      ask(1);
      clock.advance(4_000);
      refused();
      await flushPromises();
      clock.advance(50);
      expect(http.requests).to.have.lengthOf(2);
      clock.advance(949);
      expect(await answers()).to.deep.equal({});
      clock.advance(1);
      expect(await answers()).to.deep.equal({ 1: '{"error":"no response within 5 s"}' });
    });

    it('[UP10] waits for the Retry-After delay of a rate limit, without requests meanwhile', async () => {
      begin({ answer: paceful });
      ask(1);
      http.last.respond(429, '', { retryAfterMs: 2_000 });
      await flushPromises();
      expect(breaker.at(-1)).to.include({ state: 'open', retryInMs: 2_000 });
      askDistinct(2);
      expect(await answers()).to.deep.equal({ 2: '{"error":"too often; next attempt in 2 s"}' });
      clock.advance(1_999);
      expect(http.requests).to.have.lengthOf(1);
      clock.advance(1);
      expect(http.requests).to.have.lengthOf(2);
      http.last.respond(200, '{}');
      expect(await answers()).to.deep.equal({ 1: '{}' });
      expect(states()).to.deep.equal(['open', 'half-open', 'closed']);
    });

    it('[UP10] fails at once if the Retry-After delay exceeds the deadline, and makes no request for as long', async () => {
      begin({ answer: paceful });
      ask(1);
      http.last.respond(429, '', { retryAfterMs: 900_000 });
      expect(await answers()).to.deep.equal({ 1: '{"error":"too often"}' });
      clock.advance(899_999);
      askDistinct(2);
      expect(await answers()).to.deep.equal({ 2: '{"error":"too often; next attempt in 1 s"}' });
      clock.advance(1);
      askDistinct(3);
      expect(http.requests).to.have.lengthOf(2);
    });

    it('[UP10] continues the queries that wait for the breaker, or fails them at once if the probe fails', async () => {
      begin({ answer: paceful });
      for (const question of [1, 2, 3]) askDistinct(question);
      for (const request of http.requests) request.respond(429, '', { retryAfterMs: 1_000 });
      await flushPromises();
      clock.advance(1_000);
      expect(http.requests, 'one is the probe').to.have.lengthOf(4);
      http.last.respond(500, '');
      expect(await answers()).to.deep.equal({ 1: '{"error":"broken"}' });
      clock.advance(1_500);
      expect(http.requests, 'there is time for another').to.have.lengthOf(5);
      http.last.respond(500, '');
      expect(await answers()).to.deep.equal({
        2: '{"error":"broken"}',
        3: '{"error":"broken; next attempt in 3 s"}',
      });
    });

    function paceful({ status }: { status: number }): string {
      if (status === 429) throw new UpstreamError('too often', 'rate-limited');
      if (status !== 200) throw new UpstreamError('broken', 'permanent');
      return '{}';
    }
  });

  describe('the circuit breaker', () => {
    it('[UP13] opens after five failures in a row: queries fail at once', async () => {
      await trip();
      const requestCount = http.requests.length;
      expect(breaker.at(-1)).to.deep.include({ state: 'open', reason: 'nonsense.', retryInMs: 750 });
      ask(1);
      expect(await answers()).to.deep.equal({ 1: '{"error":"nonsense; next attempt in 1 s"}' });
      expect(http.requests).to.have.lengthOf(requestCount);
      expect(reasons, 'the log knows').to.have.lengthOf(5);
    });

    it('[UP13] ignores failures that are not in a row, and invalid requests', async () => {
      for (let question = 1; question <= 20; question += 1) {
        askDistinct(question);
        if (question % 5 === 0) http.last.respond(200, '{}');
        else http.last.fail(new UpstreamError('nonsense', 'permanent'));
        await flushPromises();
      }
      for (let question = 21; question <= 30; question += 1) {
        askDistinct(question);
        http.last.fail(new UpstreamError('what?', 'invalid-request'));
        await flushPromises();
      }
      expect(breaker).to.deep.equal([]);
    });

    it('[UP13] makes one probe after a pause, and closes when it succeeds', async () => {
      await trip();
      clock.advance(750);
      expect(states()).to.deep.equal(['open', 'half-open']);
      const requestCount = http.requests.length;
      askDistinct(1);
      askDistinct(2);
      expect(http.requests).to.have.lengthOf(requestCount + 1);
      expect(await answers()).to.deep.equal({ 2: '{"error":"nonsense; an attempt is in progress"}' });
      http.last.respond(200, '{}');
      expect(await answers()).to.deep.equal({ 1: '{}' });
      expect(states().at(-1)).to.equal('closed');
      askDistinct(3);
      askDistinct(4);
      expect(http.requests).to.have.lengthOf(requestCount + 3);
    });

    it('[UP13] doubles the pause when the probe fails, up to 30 seconds', async () => {
      await trip();
      const pauses = [];
      for (let probe = 1; probe <= 8; probe += 1) {
        pauses.push(breaker.at(-1)?.retryInMs ?? 0);
        clock.advance(breaker.at(-1)?.retryInMs ?? 0);
        askDistinct(probe);
        http.last.fail(new UpstreamError('nonsense', 'permanent'));
        await flushPromises();
      }
      expect(pauses).to.deep.equal([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
    });

    it('[UP13] opens after timeouts, and queued queries fail at once', async () => {
      begin({}, { maxConcurrentRequests: 5 });
      for (let question = 1; question <= 5; question += 1) askDistinct(question);
      clock.advance(1_000);
      for (let question = 6; question <= 12; question += 1) askDistinct(question);
      clock.advance(4_000);
      const observed = await answers();
      expect(Object.keys(observed), 'four had their turn before the fifth failure').to.deep.equal(
        [1, 2, 3, 4, 5, 10, 11, 12].map(String),
      );
      expect(observed[12]).to.equal('{"error":"no response within 5 s; next attempt in 1 s"}');
      expect(states()).to.deep.equal(['open']);
    });

    it('[UP13] ignores results of earlier requests during the probe', async () => {
      askDistinct(1);
      const [slow] = http.requests;
      await trip();
      clock.advance(750);
      slow?.respond(500, '');
      expect(await answers()).to.deep.equal({ 1: '{"error":"HTTP 500"}' });
      expect(states()).to.deep.equal(['open', 'half-open']);
    });

    it('is closed again after a restart of the actor', () => {
      const failures = collectFailures(bus);
      bus.send(addresses.upstream, { kind: 'machine-failed', error: new Error('broken') });
      expect(failures.map(({ address }) => address)).to.deep.equal([addresses.upstream]);
    });
  });

  describe('events for metrics', () => {
    /** What was told since, by outcome. */
    let observed: () => object;

    function listen(): void {
      const seen = [collectEvents(bus, 'upstream-attempt'), collectEvents(bus, 'upstream-request')] as const;
      observed = () => {
        const [requests, questions] = seen.map((events) => events.splice(0).map(({ outcome }) => outcome));
        return { requests, questions };
      };
    }

    beforeEach(listen);

    for (const [errorKind, outcome] of [
      ['invalid-request', 'rejected'],
      ['permanent', 'rejected'],
      ['rate-limited', 'rate_limited'],
      ['malformed-response', 'malformed'],
      ['transient', 'failed'],
    ] as const) {
      it(`counts an attempt with an error of kind ${errorKind} as ${outcome}`, async () => {
        begin({}, { maxAttempts: 1 });
        ask(1);
        http.last.fail(new UpstreamError('no', errorKind));
        await flushPromises();
        expect(observed()).to.deep.equal({ requests: [outcome], questions: ['failed'] });
      });
    }

    it('are one per attempt with its duration, and one per query', async () => {
      const requests = collectEvents(bus, 'upstream-attempt');
      ask(1);
      clock.advance(30);
      refused();
      await flushPromises();
      clock.advance(50);
      clock.advance(20);
      http.last.respond(200, '{}');
      await flushPromises();
      expect(requests.map(({ tookMs }) => tookMs)).to.deep.equal([30, 20]);
      expect(observed()).to.deep.equal({ requests: ['failed', 'answered'], questions: ['answered'] });
    });

    it('include attempts aborted at the deadline', () => {
      ask(1);
      clock.advance(5_000);
      expect(observed()).to.deep.equal({ requests: ['failed'], questions: ['failed'] });
    });

    it('include queries without an attempt, and why', async () => {
      begin(
        {},
        { maxConcurrentRequests: 1, maxQueued: 0, budget: { ...defaultUpstreamSettings.budget, requestsPerMinute: 6 } },
      );
      ask(1);
      ask(2);
      askDistinct(3);
      expect(observed()).to.deep.equal({ requests: [], questions: ['coalesced', 'queue_full'] });
      http.last.respond(200, '{}');
      await flushPromises();
      ask(4);
      expect(observed()).to.deep.equal({ requests: ['answered'], questions: ['answered', 'cached'] });
      await trip();
      observed();
      askDistinct(5);
      expect(observed()).to.deep.equal({ requests: [], questions: ['circuit_open'] });
      clock.advance(750);
      askDistinct(6);
      expect(observed()).to.deep.equal({ requests: [], questions: ['over_budget'] });
    });
  });

  describe('a budget', () => {
    const limits = (changes: object) => ({ budget: { ...defaultUpstreamSettings.budget, ...changes } });

    it('[UP14] is never exceeded: further requests fail at once, and it is logged once', async () => {
      begin({}, limits({ requestsPerMinute: 3 }));
      for (let question = 1; question <= 10; question += 1) askDistinct(question);
      expect(http.requests).to.have.lengthOf(3);
      const observed = await answers();
      expect(Object.keys(observed)).to.have.lengthOf(7);
      expect(observed[4]).to.equal('{"error":"upstream budget exhausted (requestsPerMinute); next attempt in 61 s"}');
      expect(overdrafts).to.deep.equal([{ kind: 'upstream-budget', limit: 'requestsPerMinute', waitMs: 60_250 }]);
      expect(reasons).to.deep.equal([]);
      clock.advance(60_250);
      askDistinct(11);
      expect(http.requests).to.have.lengthOf(4);
    });

    it('[UP14] counts retries and failed attempts', async () => {
      begin({}, limits({ requestsPerDay: 2 }));
      ask(1);
      refused();
      await flushPromises();
      clock.advance(50);
      refused();
      await flushPromises();
      clock.advance(100);
      expect(http.requests).to.have.lengthOf(2);
      expect((await answers())[1]).to.match(/upstream budget exhausted \(requestsPerDay\)/);
    });

    it('[UP14] counts the maximum cost of a query', () => {
      begin({ units: ({ count }) => Math.max(10, count) }, limits({ costPerDay: 1, costPerUnit: 0.01 }));
      ask(1, { count: 60 });
      ask(2, { count: 50 });
      ask(3, { count: 40 });
      expect(http.requests).to.have.lengthOf(2);
      expect(overdrafts.map(({ limit }) => limit)).to.deep.equal(['costPerDay']);
    });

    it('[UP14] is not reset by a restart of the actor', () => {
      begin({}, limits({ requestsPerDay: 1 }));
      ask(1);
      upstream.stop();
      restart({}, limits({ requestsPerDay: 1 }));
      ask(2);
      expect(http.requests).to.have.lengthOf(1);
    });
  });

  it('aborts requests when it stops, responds to all queries, and leaves no timer', async () => {
    begin({}, { maxConcurrentRequests: 2 });
    askDistinct(1);
    askDistinct(2);
    askDistinct(3);
    upstream.stop();
    expect(http.requests.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
    expect(clock.armedTimerCount).to.equal(0);
    expect(Object.values(await answers())).to.deep.equal(
      new Array<string>(3).fill('{"error":"request aborted by a restart"}'),
    );
  });

  it('ignores results of requests made before a restart', async () => {
    ask(1);
    upstream.stop();
    restart();
    ask(2);
    http.requests[0]?.respond(200, '{"old":1}');
    expect(await answers()).to.deep.equal({ 1: '{"error":"request aborted by a restart"}' });
    upstream.stop();
    expect(http.last.signal.aborted, 'the new request is still its own').to.equal(true);
  });
});
