import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../../protocol/text/bytes.js';
import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { NearbyQuestion, Upstream } from '../../protocol/upstream/upstream.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { QuestionOutcome, UpstreamState } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import { addresses, type CountedQuestion, type Question, type UpstreamMessage } from '../bus/messages.js';
import type { Random } from '../ports/random.js';
import { AnswerCache } from './response-cache.js';
import { breakerMachine } from './breaker-machine.js';
import type { Budget, Overdraft } from './budget.js';
import { nextOf, surplusOf } from './fair-queue.js';
import { Inquiries, keyOf, type Inquiry, type Outcome, type Stage } from './pending-query.js';
import type { UpstreamPace } from './upstream-settings.js';
import { countedAs, request } from './request.js';
import { retryPauseMs } from './retry.js';
import { waitInWords } from './format-duration.js';

type Failed = Extract<Outcome, { kind: 'failed' }>;

/** What the upstream actor needs. */
export interface TwitterEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  /** What is left to spend. It outlives the actor: a restart must not make it new. */
  readonly budget: Budget;
}

/**
 * The upstream actor: asks what is near a place. Whatever the upstream does, every question is answered in time, and no more is asked
 * than needed: answers are kept for a while, the same question is asked once at a time, and an upstream that is out of order is left
 * alone.
 */
export class Twitter implements Actor<UpstreamMessage> {
  private readonly inquiries = new Inquiries();
  private readonly cache: AnswerCache;
  private readonly breaker: Machine<typeof breakerMachine>;
  /** When the upstream is asked again after the breaker has tripped, in milliseconds on the clock that never goes back. */
  private againAtMs = 0;

  constructor(
    private readonly bus: Bus,
    private readonly edges: TwitterEdges,
    private readonly upstream: Upstream,
    private readonly pace: UpstreamPace,
  ) {
    const { clock, random } = edges;
    this.cache = new AnswerCache(pace.cacheMs, pace.cacheBytesMax);
    const machine = breakerMachine.provide({
      actions: {
        tell: ({ context: { reason, pauseMs } }, { state }) => {
          const retryInMs = state === 'tripped' ? pauseMs : 0;
          this.againAtMs = clock.monotonicMs() + retryInMs;
          bus.publish({ kind: 'upstream', state, reason, retryInMs });
          bus.send(addresses.upstream, { kind: 'breaker', state });
        },
      },
    });
    this.breaker = createActor(machine, { clock, input: { random } });
    this.breaker.subscribe({ error: (error) => bus.send(addresses.upstream, { kind: 'machine-failed', error }) });
    this.breaker.start();
  }

  receive(message: UpstreamMessage): void {
    switch (message.kind) {
      case 'nearby':
        return this.take(message.about, message);
      case 'attempted':
        return this.inquiries.has(message.inquiry) ? this.settle(message.inquiry, message.outcome) : undefined;
      case 'paused':
        return this.inquiries.has(message.inquiry) ? this.askOrRefuse(message.inquiry) : undefined;
      case 'overdue':
        return this.inquiries.has(message.inquiry) ? this.giveUp(message.inquiry) : undefined;
      case 'breaker':
        return this.follow(message.state);
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.breaker.stop();
    for (const inquiry of this.inquiries.all)
      this.end(inquiry, 'failed', this.upstream.failure('the question was given up'));
  }

  /** Answers a question from memory, has it wait with one that is the same, or begins to ask it. */
  private take(about: NearbyQuestion, { address, replyTo, question }: CountedQuestion): void {
    const { clock } = this.edges;
    const nowMs = clock.monotonicMs();
    const key = keyOf(about, this.upstream);
    const kept = this.cache.get(key, nowMs);
    if (kept !== undefined) {
      this.count('cached');
      return this.reply({ replyTo, question }, kept);
    }
    const same = this.inquiries.same(key);
    if (same !== undefined) {
      this.count('joined');
      return void same.askers.push({ replyTo, question });
    }

    const { deadlineMs } = this.pace;
    const inquiry: Inquiry = {
      key,
      about,
      address,
      askers: [{ replyTo, question }],
      dueMs: nowMs + deadlineMs,
      deadline: clock.setTimeout(() => this.bus.send(addresses.upstream, { kind: 'overdue', inquiry }), deadlineMs),
      attempts: 0,
      stage: { name: 'queued' },
    };
    this.inquiries.add(inquiry);
    this.askOrRefuse(inquiry);
  }

  /** Asks a question now, or when its turn comes; or answers why it is not asked. */
  private askOrRefuse(inquiry: Inquiry): void {
    const refusal = this.refusal();
    if (refusal !== undefined) return this.refuse(inquiry, 'tripped', refusal);
    if (this.inquiries.asking < this.pace.requestsMax) return this.ask(inquiry);
    this.inquiries.move(inquiry, { name: 'queued' });
    if (this.inquiries.waiting <= this.pace.queueMax) return;
    const surplus = surplusOf(this.inquiries.in('queued')) ?? inquiry;
    this.refuse(surplus, 'crowded', 'too many questions at once, ask again');
  }

  /** Why nothing is asked at present, or undefined if it is. */
  private refusal(): string | undefined {
    const { value, context } = this.breaker.getSnapshot();
    switch (value) {
      case 'available':
        return undefined;
      case 'tripped':
        return but(context.reason, `asked again in ${waitInWords(this.againAtMs - this.edges.clock.monotonicMs())}`);
      case 'probing':
        return this.inquiries.in('asking').some(isProbe) ? but(context.reason, 'being tried again now') : undefined;
    }
  }

  private ask(inquiry: Inquiry): void {
    const { clock, http, budget } = this.edges;
    const sinceMs = clock.monotonicMs();
    const overdraft = budget.pay(this.upstream.units?.(inquiry.about) ?? 1, sinceMs);
    if (overdraft !== undefined) return this.refuseCost(inquiry, overdraft);
    const abort = new AbortController();
    const role = this.breaker.getSnapshot().value === 'available' ? 'question' : 'probe';
    inquiry.attempts += 1;
    this.inquiries.move(inquiry, { name: 'asking', abort, role, sinceMs });
    const onBroken = (error: unknown) =>
      this.bus.publish({ kind: 'actor-failed', address: addresses.upstream, directive: 'resume', error });
    void request(http, this.upstream, inquiry.about, abort.signal, onBroken).then((outcome) => {
      // What was given up has been answered already.
      if (!abort.signal.aborted) this.bus.send(addresses.upstream, { kind: 'attempted', inquiry, outcome });
    });
  }

  /** Does what follows from what became of a request. */
  private settle(inquiry: Inquiry, outcome: Outcome): void {
    this.note(inquiry.stage, outcome);
    if (outcome.kind === 'answered') {
      this.cache.put(inquiry.key, outcome.json, this.edges.clock.monotonicMs());
      this.end(inquiry, 'answered', outcome.json);
    } else {
      this.askAgainOrFail(inquiry, outcome);
    }
    this.next();
  }

  private askAgainOrFail(inquiry: Inquiry, { reason, trouble, restMs }: Failed): void {
    const { clock, random } = this.edges;
    const { attempts, dueMs } = inquiry;
    const leftMs = dueMs - clock.monotonicMs();
    const { attemptsMax } = this.pace;
    const pauseMs = retryPauseMs({ trouble, attempts, attemptsMax, leftMs, restMs }, random.next());
    const isTripped = this.breaker.getSnapshot().value === 'tripped';
    if (pauseMs === undefined || (isTripped && (restMs === undefined || this.againAtMs >= dueMs))) {
      return this.fail(inquiry, reason);
    }
    // The breaker is tripped for as long as the upstream wants to rest.
    if (isTripped) return this.inquiries.move(inquiry, { name: 'resting' });
    const again = () => this.bus.send(addresses.upstream, { kind: 'paused', inquiry });
    this.inquiries.move(inquiry, { name: 'pausing', timer: clock.setTimeout(again, pauseMs) });
  }

  /**
   * Tells what became of a request, those who count and the breaker. In `probing` that hears of the probe alone: others were asked
   * long before.
   */
  private note(stage: Stage, outcome: Outcome): void {
    if (stage.name !== 'asking') return;
    const tookMs = this.edges.clock.monotonicMs() - stage.sinceMs;
    this.bus.publish({ kind: 'upstream-request', outcome: countedAs(outcome), tookMs });
    const { value } = this.breaker.getSnapshot();
    if (value === 'tripped' || (value === 'probing' && stage.role !== 'probe')) return;
    if (outcome.kind === 'answered' || outcome.trouble === 'question') return this.breaker.send({ type: 'ANSWERED' });
    const { reason, trouble, restMs } = outcome;
    this.breaker.send({ type: 'FAILED', reason, restMs, atOnce: trouble === 'pace' });
  }

  /** Does what follows from a change of the breaker. */
  private follow(state: UpstreamState): void {
    switch (state) {
      case 'available':
        for (const inquiry of this.inquiries.in('resting')) this.askOrRefuse(inquiry);
        return this.next();
      case 'tripped': {
        const late = this.inquiries.in('resting').filter(({ dueMs }) => dueMs <= this.againAtMs);
        for (const inquiry of [...this.inquiries.in('queued'), ...late]) {
          this.refuse(inquiry, 'tripped', this.refusal() ?? '');
        }
        return;
      }
      case 'probing': {
        const [first] = this.inquiries.in('resting');
        if (first !== undefined) this.ask(first);
      }
    }
  }

  /** Asks those whose turn it is now. */
  private next(): void {
    while (this.inquiries.asking < this.pace.requestsMax) {
      const inquiry = nextOf(this.inquiries.in('queued'), this.inquiries.in('asking'));
      if (inquiry === undefined) return;
      this.askOrRefuse(inquiry);
    }
  }

  /** The question's time is over. */
  private giveUp(inquiry: Inquiry): void {
    const reason = `no answer within ${this.pace.deadlineMs / 1_000} s`;
    const { stage } = inquiry;
    // Whoever sees the request end should know why. Lasting: there is no time in which to ask again.
    if (stage.name === 'asking') stage.abort.abort(new UpstreamError(reason, 'lasting'));
    this.fail(inquiry, reason);
    if (stage.name !== 'asking') return;
    this.note(stage, { kind: 'failed', reason, trouble: 'passing', restMs: undefined });
    this.next();
  }

  private refuseCost(inquiry: Inquiry, { limit, waitMs, news }: Overdraft): void {
    if (news) this.bus.publish({ kind: 'upstream-budget', limit, waitMs });
    const spent = `the budget for the upstream is spent (${limit})`;
    this.refuse(
      inquiry,
      'over-budget',
      waitMs === Infinity ? spent : but(spent, `asked again in ${waitInWords(waitMs)}`),
    );
  }

  /** Answers a question that is not asked. The log is not told: it knows the reason already. */
  private refuse(inquiry: Inquiry, outcome: QuestionOutcome, reason: string): void {
    this.end(inquiry, outcome, this.upstream.failure(reason));
  }

  /** Answers a question that was asked in vain. */
  private fail(inquiry: Inquiry, reason: string): void {
    this.bus.publish({ kind: 'upstream-failed', reason });
    this.end(inquiry, 'failed', this.upstream.failure(reason));
  }

  private end(inquiry: Inquiry, outcome: QuestionOutcome, json: ByteString): void {
    const { clock } = this.edges;
    this.count(outcome);
    this.inquiries.remove(inquiry);
    clock.clearTimeout(inquiry.deadline);
    letGo(inquiry.stage, clock);
    for (const asker of inquiry.askers) this.reply(asker, json);
  }

  private count(outcome: QuestionOutcome): void {
    this.bus.publish({ kind: 'upstream-question', outcome });
  }

  private reply({ replyTo, question }: Question, json: ByteString): void {
    this.bus.send(replyTo, { kind: 'nearby-found', question, json });
  }
}

/** Ends what a stage holds. */
function letGo(stage: Stage, clock: Clock): void {
  if (stage.name === 'asking') stage.abort.abort();
  if (stage.name === 'pausing') clock.clearTimeout(stage.timer);
}

function isProbe({ stage }: Inquiry): boolean {
  return stage.name === 'asking' && stage.role === 'probe';
}

/** Why nothing is asked, and when it will be. */
function but(reason: string, then: string): string {
  return `${reason.replace(/\.$/, '')}; ${then}`;
}
