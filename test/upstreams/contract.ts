import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Actor } from '../../src/actors/bus/bus.js';
import type { UpstreamAttemptOutcome } from '../../src/actors/bus/events.js';
import { addresses } from '../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../src/actors/client/messages.js';
import { Twitter } from '../../src/actors/upstream/twitter.js';
import { Budget } from '../../src/actors/upstream/budget.js';
import { defaultUpstreamSettings, type UpstreamSettings } from '../../src/actors/upstream/upstream-settings.js';
import type { NearbyQuery, Upstream } from '../../src/protocol/upstream/upstream.js';
import { GotHttp } from '../../src/runtime/upstream/got-http.js';
import type { MessageBus } from '../../src/runtime/bus/message-bus.js';
import { SystemClock } from '../../src/runtime/time/system-clock.js';
import { collectEvents, strictBus } from '../support/fake-bus.js';
import { withTimeout } from '../support/eventually.js';
import { validKey } from './services.js';
import { UpstreamService, type ServiceReply, type ServiceRequest } from './upstream-service.js';

/** A kind of upstream, and the service that it asks. */
export interface UpstreamKind {
  readonly name: string;
  /** The form of its answers. */
  readonly format: 'twitter' | 'places';
  readonly create: (url: string, key: string) => Upstream;
  /** Where a key is sent; undefined for a kind that has none. */
  readonly keyLocation: 'a header' | 'the address' | undefined;
  readonly service: (request: ServiceRequest) => ServiceReply;
  /** What the service is documented to answer when it does not answer, and what clients hear. */
  readonly errors: readonly {
    readonly what: string;
    readonly reply: ServiceReply;
    readonly errorPattern: RegExp;
    /** How often it is asked in all. */
    readonly requestCount: number;
  }[];
}

const question: NearbyQuery = { latitude: '34.068930', longitude: '-118.445127', radiusKm: 5, count: 3 };
const replyTo = addresses.connection(1);

/** For what hangs, so that it does not hold up the tests. */
const shortDeadlineMs = 250;

interface Answer {
  readonly results?: readonly unknown[];
  readonly error?: string;
  readonly error_message?: string;
  readonly warning?: string;
  readonly info_messages?: readonly string[];
}

/** What every kind of upstream does, asked by the upstream actor over HTTP. */
export function describeUpstream(kind: UpstreamKind): void {
  describe(`the upstream ${kind.name}`, () => {
    let service: UpstreamService;
    let upstream: Upstream;
    let bus: MessageBus;
    let asker: Asker;
    let actor: Twitter;
    let reasons: { reason: string }[];
    /** What became of each request. */
    let requests: { outcome: UpstreamAttemptOutcome }[];
    /** Everything that was published. */
    let published: string;

    before(async () => {
      service = new UpstreamService(kind.service);
      await service.start();
    });

    after(() => service.stop());

    beforeEach(() => {
      service.override = undefined;
      service.requests.length = 0;
      upstream = kind.create(service.url, validKey);
      bus = strictBus();
      asker = new Asker();
      bus.attach(replyTo, asker);
      reasons = collectEvents(bus, 'upstream-failed');
      requests = collectEvents(bus, 'upstream-attempt');
      published = '';
      for (const event of ['upstream-breaker', 'upstream-failed', 'actor-failed', 'dead-letter'] as const) {
        bus.on(event, (each) => (published += JSON.stringify(each)));
      }
      begin({});
    });

    afterEach(() => actor.stop());

    function begin(settings: Partial<UpstreamSettings>): void {
      const edges = { clock: new SystemClock(), random: { next: () => 0 }, http: new GotHttp(8) };
      const whole = { ...defaultUpstreamSettings, cacheMs: 0, ...settings };
      actor = new Twitter(bus, { ...edges, budget: new Budget(whole.budget) }, upstream, whole);
      bus.attach(addresses.upstream, actor);
    }

    /** The line that a client gets. */
    async function ask(changes: Partial<NearbyQuery> = {}): Promise<string> {
      bus.send(addresses.upstream, {
        kind: 'nearby',
        query: { ...question, ...changes },
        remoteHost: '192.0.2.1',
        replyTo,
        requestId: 1,
      });
      const message = await withTimeout(asker.next(), 'an answer');
      if (message.kind !== 'nearby-response') throw new Error(`not an answer: ${message.kind}`);
      expect(message.json).to.not.match(/[\r\n]/);
      return message.json;
    }

    async function answer(changes: Partial<NearbyQuery> = {}): Promise<Answer> {
      const line = await ask(changes);
      return JSON.parse(Buffer.from(line, 'latin1').toString()) as Answer;
    }

    /** What a client hears of trouble; checks that it is in the form of the kind, and tells nothing that it must not. */
    async function askForError(): Promise<string> {
      const line = await ask();
      const seen = JSON.parse(line) as Answer;
      const text = (kind.format === 'twitter' ? seen.error : seen.error_message) ?? '';
      expect(line).to.equal(upstream.failure(text));
      expect(text).to.not.equal('');
      // No address, no stack, no key, nothing of an unreadable body.
      expect(line + published).to.not.match(/127\.0\.0\.1|https?:\/\/|at \S+ \(|unreadable/);
      expect(line + published).to.not.include(validKey);
      return text;
    }

    const keeps = (found: Answer) => found.results?.length;

    it('answers with as many results as are asked for, from 0 to its maximum', async () => {
      for (const count of [0, 1, 2, 11, upstream.maxCount]) {
        expect(keeps(await answer({ count })), `${count}`).to.equal(count);
      }
      expect(reasons).to.deep.equal([]);
    });

    it('asks about every place on Earth in a way that the service takes', async () => {
      for (const [latitude, longitude] of [
        ['0', '0'],
        ['-90', '180.000'],
        ['90.0', '-180'],
        ['07.5', '-008.25'],
        ['-00', '000.0'],
        ['34.06893000000000000001', '1.5'],
      ] as const) {
        expect(keeps(await answer({ latitude, longitude, count: 1 })), `${latitude} ${longitude}`).to.equal(1);
      }
    });

    it('[WH3] takes every radius, cuts what is too large, and says so', async () => {
      const most = upstream.maxRadiusKm;
      for (const radiusKm of [0, 1e-9, 0.25, most]) {
        const found = await answer({ radiusKm, count: 1 });
        expect(keeps(found), `${radiusKm}`).to.equal(1);
        expect(found).to.not.have.any.keys('warning', 'info_messages');
      }
      for (const radiusKm of [most + 0.001, 40_000, Number.MAX_VALUE]) {
        const found = await answer({ radiusKm, count: 1 });
        expect(keeps(found), `${radiusKm}`).to.equal(1);
        const parsed = kind.format === 'twitter' ? found.warning : found.info_messages?.join();
        expect(parsed).to.equal(`adjusted radius to ${most}km`);
      }
    });

    it('takes an answer that is compressed', async () => {
      service.override = (response) => {
        const { requests } = service;
        const { body } = kind.service(requests.at(-1)!);
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
      };
      expect(keeps(await answer())).to.equal(3);
    });

    it('says what went wrong on one line, whatever it is', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), (message) => {
          const line = Buffer.from(upstream.failure(message), 'latin1').toString();
          const parsed = JSON.parse(line) as Answer;
          expect(kind.format === 'twitter' ? parsed.error : parsed.error_message).to.equal(message);
          expect(line).to.not.match(/[\r\n]/);
        }),
      );
    });

    for (const { what, reply, errorPattern, requestCount } of kind.errors) {
      it(`says so when the service answers with ${what}, asked ${requestCount === 1 ? 'once' : `${requestCount} times`}`, async () => {
        service.override = (response) => response.writeHead(reply.status, reply.headers).end(reply.body);
        expect(await askForError()).to.match(errorPattern);
        expect(service.requests).to.have.lengthOf(requestCount);
        expect(requests, 'each is counted').to.have.lengthOf(requestCount);
      });
    }

    it('[UP10] waits for as long as Retry-After says, and has its answer then', async () => {
      let refusals = 0;
      service.override = (response) => {
        if ((refusals += 1) === 1) return response.writeHead(429, { 'retry-after': '0' }).end('{}');
        const { status, body } = kind.service(service.requests.at(-1)!);
        return response.writeHead(status).end(body);
      };
      expect(keeps(await answer())).to.equal(3);
      expect(service.requests).to.have.lengthOf(2);
    });

    it('[UP10] asks again what the far end broke off, and has its answer then', async () => {
      let attempts = 0;
      service.override = (response) => {
        if ((attempts += 1) === 1) return void response.destroy();
        return response.end(kind.service(service.requests.at(-1)!).body);
      };
      expect(keeps(await answer())).to.equal(3);
      expect(service.requests).to.have.lengthOf(2);
    });

    interface Hostility {
      readonly does: (response: ServerResponse) => void;
      readonly errorPattern: RegExp;
      readonly counted: UpstreamAttemptOutcome;
      readonly hangs?: true;
    }
    const hostile: Record<string, Hostility> = {
      'never answers': {
        does: () => undefined,
        errorPattern: /no response within 0.25 s/,
        counted: 'failed',
        hangs: true,
      },
      'sends byte after byte, and has no end': {
        does: dribble,
        errorPattern: /no response within 0.25 s/,
        counted: 'failed',
        hangs: true,
      },
      'breaks off in the middle': {
        does: (response) => {
          response.writeHead(200, { 'content-length': 1_000 });
          response.write('{"results":[{"unreadable":1},', () => response.destroy());
        },
        errorPattern: /cannot be reached/,
        counted: 'failed',
      },
      'sends ten gigabytes of zeros, compressed': { does: bomb, errorPattern: /too large/, counted: 'malformed' },
      'sends two megabytes': {
        does: (response) => response.end(`{"results":["${'x'.repeat(2 * 1_024 * 1_024)}"]}`),
        errorPattern: /too large/,
        counted: 'malformed',
      },
      'sends what is not compressed as if it were': {
        does: (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('unreadable'),
        errorPattern: /cannot be reached/,
        counted: 'failed',
      },
      'sends half an object': {
        does: (response) => response.end('{"unreadable":'),
        errorPattern: /not valid JSON/,
        counted: 'malformed',
      },
      'sends a list': {
        does: (response) => response.end('["unreadable"]'),
        errorPattern: /not an object/,
        counted: 'malformed',
      },
      'sends a page': {
        does: (response) => response.end('<html>unreadable</html>'),
        errorPattern: /web page/,
        counted: 'malformed',
      },
      'sends nothing': { does: (response) => response.end(), errorPattern: /not valid JSON/, counted: 'malformed' },
      'sends bytes that are no text': {
        does: (response) => response.end(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
        errorPattern: /not valid JSON/,
        counted: 'malformed',
      },
      'says that it is in trouble': {
        does: (response) => response.writeHead(503).end('<h1>unreadable</h1>'),
        errorPattern: /failed \(HTTP 503\)/,
        counted: 'failed',
      },
    };
    for (const [what, { does, errorPattern, counted, hangs }] of Object.entries(hostile)) {
      it(`[UP5][UP6][UP7] answers in time when the service ${what}`, async () => {
        service.override = does;
        if (hangs) begin({ deadlineMs: shortDeadlineMs });
        expect(await askForError()).to.match(errorPattern);
        expect(new Set(requests.map(({ outcome }) => outcome))).to.deep.equal(new Set([counted]));
      });
    }

    it('[UP10][UP15] follows no redirect: nothing is sent elsewhere', async () => {
      const seen: unknown[] = [];
      const stranger = createServer((request, response) => {
        seen.push(request.headers, request.url);
        response.end('{}');
      }).listen(0, '127.0.0.1');
      await once(stranger, 'listening');
      const { port } = stranger.address() as AddressInfo;
      service.override = (response) => response.writeHead(307, { location: `http://127.0.0.1:${port}/steal` }).end();
      expect(await askForError()).to.match(/gave no answer \(HTTP 307\)/);
      expect(seen).to.deep.equal([]);
      stranger.close();
    });

    if (kind.keyLocation !== undefined) {
      it('[UP15] sends its key, and keeps it out of every answer, though the service should send it back', async () => {
        expect(keeps(await answer())).to.equal(3);
        const [{ headers, query } = { headers: {}, query: new URLSearchParams() }] = service.requests;
        const sent = kind.keyLocation === 'a header' ? JSON.stringify(headers) : (query.get('key') ?? '');
        expect(sent).to.include(validKey);
        const echo = JSON.stringify({
          status: 'REQUEST_DENIED',
          title: validKey,
          error_message: validKey,
          error: { status: validKey },
        });
        for (const status of [200, 400, 403]) {
          service.override = (response) => response.writeHead(status).end(echo);
          expect((await ask()) + published).to.not.include(validKey);
          expect(published).to.not.include(encodeURIComponent(validKey));
        }
      });

      it('reports that a key is wrong', async () => {
        upstream = kind.create(service.url, 'another-key-0123456789');
        begin({});
        expect(await askForError()).to.match(/denied|rejected|REQUEST_DENIED/);
        expect(service.requests).to.have.lengthOf(1);
        expect(requests.map(({ outcome }) => outcome)).to.deep.equal(['rejected']);
      });
    }
  });
}

/** Who asks, and waits for one answer at a time. */
class Asker implements Actor<ConnectionMessage> {
  private readonly received: ConnectionMessage[] = [];
  private waiting: ((message: ConnectionMessage) => void) | undefined;

  receive(message: ConnectionMessage): void {
    this.received.push(message);
    this.hand();
  }

  stop(): void {
    this.received.length = 0;
  }

  next(): Promise<ConnectionMessage> {
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.hand();
    });
  }

  private hand(): void {
    const { waiting } = this;
    const message = waiting === undefined ? undefined : this.received.shift();
    if (message === undefined) return;
    this.waiting = undefined;
    waiting?.(message);
  }
}

/** A byte now and then, for ever. */
function dribble(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}

/** 64 MiB of zeros; one behind the other they are one stream. */
const zeros = gzipSync(Buffer.alloc(64 * 1_024 * 1_024), { level: 1 });

/** 10 GiB of zeros, as ten megabytes. */
function bomb(response: ServerResponse): void {
  response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
  let sent = 0;
  const more = (): void => {
    while (sent < 160 && !response.destroyed) {
      sent += 1;
      if (!response.write(zeros)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}
