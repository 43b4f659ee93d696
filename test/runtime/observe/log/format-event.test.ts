import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';
import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import type { HerdEvent } from '../../../../src/actors/bus/events.js';
import { textOf } from '../../../../src/protocol/text/bytes.js';
import { formatEvent } from '../../../../src/runtime/observe/log/format-event.js';
import { eventUses } from '../../../../src/runtime/observe/event-uses.js';
import { maxShownBytes } from '../../../../src/runtime/observe/log/sanitize.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';

const metta = toServerId('Metta');
/** Whether a text is UTF-8 without line ends and terminal controls. */
function expectClean(bytes: string): void {
  expect(isUtf8(Buffer.from(bytes, 'latin1'))).to.equal(true);
  expect(textOf(bytes)).to.match(/^(?:[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\u200c\u200d])*$/u);
}

const answered = {
  kind: 'http-response',
  remoteAddress: '192.0.2.1:4',
  text: 'POST /osmand',
  route: '/osmand',
  tookMs: 1,
} as const;

describe('formatEvent', () => {
  const examples: [HerdEvent, string, string][] = [
    [
      { kind: 'client-connected', transport: 'tcp', remoteAddress: '192.0.2.1:4', reason: '', clients: 3 },
      'info',
      'client 192.0.2.1:4 connected over tcp; clients now: 3',
    ],
    [
      { kind: 'client-disconnected', transport: 'tcp', remoteAddress: '192.0.2.1:4', reason: 'ECONNRESET', clients: 2 },
      'info',
      'client 192.0.2.1:4 disconnected: ECONNRESET; clients now: 2',
    ],
    [
      { kind: 'neighbour-clock', neighbour: metta, offsetMs: 1_500, warning: 'begins' },
      'warn',
      "the clock of Metta is 1.500 s ahead of this server's",
    ],
    [
      { kind: 'neighbour-clock', neighbour: metta, offsetMs: -90_000.25, warning: 'begins' },
      'warn',
      "the clock of Metta is 90.000 s behind this server's",
    ],
    [
      { kind: 'neighbour-clock', neighbour: metta, offsetMs: 20, warning: 'ends' },
      'info',
      "the clock of Metta agrees with this server's again",
    ],
    [
      { kind: 'clock', state: 'differs', reason: 'the clock differs by more than 60 s from Metta' },
      'warn',
      'the clock differs by more than 60 s from Metta: the server is not ready and rejects reports without a time',
    ],
    [{ kind: 'clock', state: 'agrees', reason: '' }, 'info', 'the clock agrees with those of most neighbours again'],
    [
      { kind: 'link', neighbour: metta, state: 'catching-up', reason: '', retryInMs: 0 },
      'info',
      'link Metta catching-up',
    ],
    [
      { kind: 'link', neighbour: metta, state: 'backoff', reason: 'Metta was stopped', retryInMs: 40, expected: true },
      'info',
      'link Metta backoff: Metta was stopped; next attempt in 40 ms',
    ],
    [{ kind: 'link', neighbour: metta, state: 'live', reason: '', retryInMs: 0 }, 'info', 'link Metta live'],
    [
      { kind: 'link', neighbour: metta, state: 'connecting', reason: 'ECONNRESET', retryInMs: 0 },
      'info',
      'link Metta connecting: ECONNRESET',
    ],
    [
      { kind: 'link', neighbour: metta, state: 'backoff', reason: 'ECONNREFUSED', retryInMs: 40 },
      'warn',
      'link Metta backoff: ECONNREFUSED; next attempt in 40 ms',
    ],
    [{ kind: 'locations-restored', locations: [createLocation('kiwi', 1)] }, 'info', 'restored 1 location from disk'],
    [{ kind: 'server', state: 'running', reason: '' }, 'info', 'server running'],
    [{ kind: 'server', state: 'failed', reason: 'Error: no' }, 'error', 'server failed: Error: no'],
    [
      { kind: 'dead-letter', address: 'connection/7', messageKind: 'located', count: 2 },
      'info',
      'dead letter 2: located to connection/7',
    ],
    [
      { kind: 'actor-failed', address: 'store', directive: 'resume', error: 'no error at all' },
      'error',
      'store failed (resume): no error at all',
    ],
    [
      {
        kind: 'admin-action',
        action: 'crash Metta',
        remoteAddress: '192.0.2.9:1',
        outcome: 'rejected',
        reason: 'no\ntoken',
      },
      'warn',
      'admin 192.0.2.9:1: crash Metta, rejected: no\\x0atoken',
    ],
    [
      { kind: 'peer-rejected', remoteAddress: '192.0.2.9:1', reason: 'handshake timeout' },
      'warn',
      'peer 192.0.2.9:1 rejected: handshake timeout',
    ],
    [
      { kind: 'http-request', remoteAddress: '192.0.2.1:4', text: 'POST /osmand IAMAT a\nb +1+1 1' },
      'lines',
      'http 192.0.2.1:4 in POST /osmand IAMAT a\\x0ab +1+1 1',
    ],
    [
      { ...answered, status: 200, outcome: 'ignored', detail: 'a\nb: no location' },
      'lines',
      'http 192.0.2.1:4 out POST /osmand 200 ignored: a\\x0ab: no location',
    ],
    [
      { ...answered, status: 500, outcome: 'failed', detail: 'TypeError: no' },
      'error',
      'http 192.0.2.1:4 out POST /osmand 500 failed: TypeError: no',
    ],
    [
      { ...answered, status: undefined, outcome: 'aborted', detail: '' },
      'lines',
      'http 192.0.2.1:4 out POST /osmand aborted',
    ],
    [{ kind: 'upstream-failed', reason: 'HTTP 503' }, 'warn', 'upstream request failed: HTTP 503'],
    [
      { kind: 'upstream-breaker', state: 'open', reason: 'That is no JSON.', retryInMs: 812 },
      'warn',
      'upstream breaker open: That is no JSON; next attempt in 812 ms',
    ],
    [
      { kind: 'upstream-budget', limit: 'requestsPerDay', waitMs: 86_400_000 },
      'warn',
      'upstream budget exhausted: requestsPerDay; resets in 24 h',
    ],
    [{ kind: 'nats', state: 'joining', reason: '', retryInMs: 0 }, 'info', 'NATS joining'],
    [
      { kind: 'nats', state: 'backoff', reason: 'connection\nrefused', retryInMs: 40 },
      'warn',
      'NATS backoff: connection\\x0arefused; next attempt in 40 ms',
    ],
    [{ kind: 'members', members: [toServerId('Blake'), metta] }, 'info', 'members: Blake, Metta'],
    [
      { kind: 'partitions', complete: 60, filling: 4, leaving: 2, short: 7 },
      'info',
      'partitions: 60 complete, 4 filling, 2 leaving, 7 short of replicas',
    ],
    [{ kind: 'warning', about: 'nats', reason: 'an invalid message' }, 'warn', 'NATS: an invalid message'],
    [{ kind: 'warning', about: 'slow-neighbour', reason: 'Metta reads slowly' }, 'warn', 'Metta reads slowly'],
  ];
  for (const [event, level, text] of examples) {
    it(`logs ${event.kind} as ${level}: ${text}`, () => {
      expect(formatEvent(event)).to.deep.equal({ level, text });
    });
  }

  it('omits learned locations', () => {
    expect(
      formatEvent({ kind: 'locations-learned', batch: LocationBatch.of([createLocation('kiwi', 1)]), from: undefined }),
    ).to.equal(undefined);
  });

  it('omits single partitions', () => {
    expect(formatEvent({ kind: 'partition', partition: 7, state: 'complete' })).to.equal(undefined);
    expect(eventUses.partition).to.deep.equal({ isLogged: false, isStreamed: false });
  });

  it('omits a restore of no locations', () => {
    expect(formatEvent({ kind: 'locations-restored', locations: [] })).to.equal(undefined);
  });

  it('includes the stack of an error', () => {
    const error = new Error('thrown on demand');
    const text = formatEvent({ kind: 'actor-failed', address: 'store', directive: 'resume', error })?.text;
    expect(text).to.contain('thrown on demand').and.contain('format-event.test');
  });

  it('escapes line ends and terminal controls', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    fc.assert(
      fc.property(anyText, (reason) => {
        for (const event of [
          { kind: 'peer-rejected', remoteAddress: '192.0.2.9:1', reason } as const,
          { kind: 'actor-failed', address: 'store', directive: 'resume', error: new Error(reason) } as const,
        ]) {
          expectClean(formatEvent(event)?.text ?? '');
        }
      }),
    );
  });

  it('truncates long external text, and appends its length', () => {
    const reason = 'x'.repeat(2_000);
    expect(formatEvent({ kind: 'peer-rejected', remoteAddress: '192.0.2.9:1', reason })?.text).to.equal(
      `peer 192.0.2.9:1 rejected: ${'x'.repeat(maxShownBytes)}... (2,000 bytes)`,
    );
  });
});
