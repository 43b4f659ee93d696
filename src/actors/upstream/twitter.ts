import { createActor, type Actor as Machine } from 'xstate';
import type { ByteString } from '../../protocol/text/bytes.js';
import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../../protocol/upstream/upstream.js';
import type { Actor, Bus } from '../bus/bus.js';
import { sendLater } from '../bus/send-later.js';
import type { Clock } from '../ports/clock.js';
import type { UpstreamRequestOutcome, BreakerState } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import { addresses } from '../addresses.js';
import type { RateLimitedRequest, ActorRequest } from '../bus/requests.js';
import type { UpstreamMessage } from './messages.js';
import type { Random } from '../ports/random.js';
import { ResponseCache } from './response-cache.js';
import { breakerMachine } from './breaker-machine.js';
import type { Budget, BudgetExceeded } from './budget.js';
import { selectNext, selectSurplus } from './fair-queue.js';
import {
  PendingQueries,
  coalescingKey,
  type PendingQuery,
  type AttemptResult,
  type QueryState,
} from './pending-query.js';
import type { UpstreamSettings } from './upstream-settings.js';
import { attemptOutcome, attemptRequest } from './attempt-request.js';
import { retryDelayMs } from './retry-delay.js';
import { formatDuration } from './format-duration.js';

type FailedResult = Extract<AttemptResult, { kind: 'failed' }>;

/** What the upstream actor needs. */
export interface TwitterDependencies {
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
  private readonly queries = new PendingQueries();
  private readonly cache: ResponseCache;
  private readonly breaker: Machine<typeof breakerMachine>;
  /** When the upstream is asked again after the breaker has tripped, in milliseconds on the clock that never goes back. */
  private retryAtMs = 0;

  constructor(
    private readonly bus: Bus,
    private readonly dependencies: TwitterDependencies,
    private readonly upstream: Upstream,
    private readonly settings: UpstreamSettings,
  ) {
    const { clock, random } = dependencies;
    this.cache = new ResponseCache(settings.cacheTtlMs, settings.maxCacheBytes);
    const machine = breakerMachine.provide({
      actions: {
        publishState: ({ context: { reason, pauseMs } }, { state }) => {
          const retryInMs = state === 'open' ? pauseMs : 0;
          this.retryAtMs = clock.monotonicMs() + retryInMs;
          bus.publish({ kind: 'upstream-breaker', state, reason, retryInMs });
          bus.send(addresses.upstream, { kind: 'breaker-changed', state });
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
        return this.acceptQuery(message.query, message);
      case 'attempt-ended':
        return this.queries.has(message.pendingQuery)
          ? this.handleAttempt(message.pendingQuery, message.outcome)
          : undefined;
      case 'retry-due':
        return this.queries.has(message.pendingQuery) ? this.startOrReject(message.pendingQuery) : undefined;
      case 'deadline-exceeded':
        return this.queries.has(message.pendingQuery) ? this.timeOut(message.pendingQuery) : undefined;
      case 'breaker-changed':
        return this.handleBreakerState(message.state);
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.breaker.stop();
    for (const pendingQuery of this.queries.all)
      this.complete(pendingQuery, 'failed', this.upstream.failure('the question was given up'));
  }

  /** Answers a question from memory, has it wait with one that is the same, or begins to ask it. */
  private acceptQuery(query: NearbyQuery, { remoteHost, replyTo, requestId }: RateLimitedRequest): void {
    const { clock } = this.dependencies;
    const nowMs = clock.monotonicMs();
    const key = coalescingKey(query, this.upstream);
    const cached = this.cache.get(key, nowMs);
    if (cached !== undefined) {
      this.publishOutcome('cached');
      return this.reply({ replyTo, requestId }, cached);
    }
    const duplicate = this.queries.find(key);
    if (duplicate !== undefined) {
      this.publishOutcome('coalesced');
      return void duplicate.requesters.push({ replyTo, requestId });
    }

    const { deadlineMs } = this.settings;
    const pendingQuery: PendingQuery = {
      key,
      query,
      remoteHost,
      requesters: [{ replyTo, requestId }],
      deadlineAtMs: nowMs + deadlineMs,
      cancelDeadline: () => undefined,
      attempts: 0,
      state: { name: 'queued' },
    };
    pendingQuery.cancelDeadline = this.sendToSelf({ kind: 'deadline-exceeded', pendingQuery }, deadlineMs);
    this.queries.add(pendingQuery);
    this.startOrReject(pendingQuery);
  }

  /** Asks a question now, or when its turn comes; or answers why it is not asked. */
  private startOrReject(pendingQuery: PendingQuery): void {
    const rejection = this.rejectionReason();
    if (rejection !== undefined) return this.reject(pendingQuery, 'circuit_open', rejection);
    if (this.queries.requestingCount < this.settings.maxConcurrentRequests) return this.startAttempt(pendingQuery);
    this.queries.setState(pendingQuery, { name: 'queued' });
    if (this.queries.waitingCount <= this.settings.maxQueued) return;
    const surplus = selectSurplus(this.queries.inState('queued')) ?? pendingQuery;
    this.reject(surplus, 'queue_full', 'too many questions at once, ask again');
  }

  /** Why nothing is asked at present, or undefined if it is. */
  private rejectionReason(): string | undefined {
    const { value, context } = this.breaker.getSnapshot();
    switch (value) {
      case 'closed':
        return undefined;
      case 'open':
        return withRetryTime(
          context.reason,
          `asked again in ${formatDuration(this.retryAtMs - this.dependencies.clock.monotonicMs())}`,
        );
      case 'half-open':
        return this.queries.inState('requesting').some(isProbe)
          ? withRetryTime(context.reason, 'being tried again now')
          : undefined;
    }
  }

  private startAttempt(pendingQuery: PendingQuery): void {
    const { clock, http, budget } = this.dependencies;
    const startedAtMs = clock.monotonicMs();
    const exceeded = budget.pay(this.upstream.units?.(pendingQuery.query) ?? 1, startedAtMs);
    if (exceeded !== undefined) return this.rejectOverBudget(pendingQuery, exceeded);
    const abort = new AbortController();
    const isProbe = this.breaker.getSnapshot().value !== 'closed';
    pendingQuery.attempts += 1;
    this.queries.setState(pendingQuery, { name: 'requesting', abort, isProbe, startedAtMs });
    const onInternalError = (error: unknown) =>
      this.bus.publish({ kind: 'actor-failed', address: addresses.upstream, directive: 'resume', error });
    void attemptRequest(http, this.upstream, pendingQuery.query, abort.signal, onInternalError).then((outcome) => {
      // What was given up has been answered already.
      if (!abort.signal.aborted) this.bus.send(addresses.upstream, { kind: 'attempt-ended', pendingQuery, outcome });
    });
  }

  /** Does what follows from what became of a request. */
  private handleAttempt(pendingQuery: PendingQuery, result: AttemptResult): void {
    this.recordResult(pendingQuery.state, result);
    if (result.kind === 'answered') {
      this.cache.put(pendingQuery.key, result.json, this.dependencies.clock.monotonicMs());
      this.complete(pendingQuery, 'answered', result.json);
    } else {
      this.retryOrFail(pendingQuery, result);
    }
    this.startQueued();
  }

  private retryOrFail(pendingQuery: PendingQuery, { reason, errorKind, retryAfterMs }: FailedResult): void {
    const { clock, random } = this.dependencies;
    const { attempts, deadlineAtMs } = pendingQuery;
    const remainingMs = deadlineAtMs - clock.monotonicMs();
    const { maxAttempts } = this.settings;
    const delayMs = retryDelayMs({ errorKind, attempts, maxAttempts, remainingMs, retryAfterMs }, random.next());
    const isOpen = this.breaker.getSnapshot().value === 'open';
    if (delayMs === undefined || (isOpen && (retryAfterMs === undefined || this.retryAtMs >= deadlineAtMs))) {
      return this.fail(pendingQuery, reason);
    }
    // The breaker is tripped for as long as the upstream wants to rest.
    if (isOpen) return this.queries.setState(pendingQuery, { name: 'circuit-open' });
    const cancelTimer = this.sendToSelf({ kind: 'retry-due', pendingQuery }, delayMs);
    this.queries.setState(pendingQuery, { name: 'retry-wait', cancelTimer });
  }

  /**
   * Tells what became of a request, those who count and the breaker. In `half-open` that hears of the probe alone: others were asked
   * long before.
   */
  private recordResult(state: QueryState, result: AttemptResult): void {
    if (state.name !== 'requesting') return;
    const tookMs = this.dependencies.clock.monotonicMs() - state.startedAtMs;
    this.bus.publish({ kind: 'upstream-attempt', outcome: attemptOutcome(result), tookMs });
    const { value: breakerState } = this.breaker.getSnapshot();
    if (breakerState === 'open' || (breakerState === 'half-open' && !state.isProbe)) return;
    if (result.kind === 'answered' || result.errorKind === 'invalid-request')
      return this.breaker.send({ type: 'SUCCEEDED' });
    const { reason, errorKind, retryAfterMs } = result;
    this.breaker.send({ type: 'FAILED', reason, retryAfterMs, shouldTripAtOnce: errorKind === 'rate-limited' });
  }

  /** Does what follows from a change of the breaker. */
  private handleBreakerState(state: BreakerState): void {
    switch (state) {
      case 'closed':
        for (const pendingQuery of this.queries.inState('circuit-open')) this.startOrReject(pendingQuery);
        return this.startQueued();
      case 'open': {
        const overdueQueries = this.queries
          .inState('circuit-open')
          .filter(({ deadlineAtMs }) => deadlineAtMs <= this.retryAtMs);
        for (const pendingQuery of [...this.queries.inState('queued'), ...overdueQueries]) {
          this.reject(pendingQuery, 'circuit_open', this.rejectionReason() ?? '');
        }
        return;
      }
      case 'half-open': {
        const [first] = this.queries.inState('circuit-open');
        if (first !== undefined) this.startAttempt(first);
      }
    }
  }

  /** Asks those whose turn it is now. */
  private startQueued(): void {
    while (this.queries.requestingCount < this.settings.maxConcurrentRequests) {
      const pendingQuery = selectNext(this.queries.inState('queued'), this.queries.inState('requesting'));
      if (pendingQuery === undefined) return;
      this.startOrReject(pendingQuery);
    }
  }

  /** The question's time is over. */
  private timeOut(pendingQuery: PendingQuery): void {
    const reason = `no answer within ${this.settings.deadlineMs / 1_000} s`;
    const { state } = pendingQuery;
    // Whoever sees the request end should know why. Lasting: there is no time in which to ask again.
    if (state.name === 'requesting') state.abort.abort(new UpstreamError(reason, 'permanent'));
    this.fail(pendingQuery, reason);
    if (state.name !== 'requesting') return;
    this.recordResult(state, { kind: 'failed', reason, errorKind: 'transient', retryAfterMs: undefined });
    this.startQueued();
  }

  private rejectOverBudget(pendingQuery: PendingQuery, { limit, waitMs, shouldReport }: BudgetExceeded): void {
    if (shouldReport) this.bus.publish({ kind: 'upstream-budget', limit, waitMs });
    const budgetSpent = `the budget for the upstream is spent (${limit})`;
    this.reject(
      pendingQuery,
      'over_budget',
      waitMs === Infinity ? budgetSpent : withRetryTime(budgetSpent, `asked again in ${formatDuration(waitMs)}`),
    );
  }

  /** Answers a question that is not asked. The log is not told: it knows the reason already. */
  private reject(pendingQuery: PendingQuery, outcome: UpstreamRequestOutcome, reason: string): void {
    this.complete(pendingQuery, outcome, this.upstream.failure(reason));
  }

  /** Answers a question that was asked in vain. */
  private fail(pendingQuery: PendingQuery, reason: string): void {
    this.bus.publish({ kind: 'upstream-failed', reason });
    this.complete(pendingQuery, 'failed', this.upstream.failure(reason));
  }

  private complete(pendingQuery: PendingQuery, outcome: UpstreamRequestOutcome, json: ByteString): void {
    this.publishOutcome(outcome);
    this.queries.remove(pendingQuery);
    pendingQuery.cancelDeadline();
    releaseState(pendingQuery.state);
    for (const requester of pendingQuery.requesters) this.reply(requester, json);
  }

  private sendToSelf(message: UpstreamMessage, delayMs: number): () => void {
    return sendLater({ bus: this.bus, clock: this.dependencies.clock }, addresses.upstream, message, delayMs);
  }

  private publishOutcome(outcome: UpstreamRequestOutcome): void {
    this.bus.publish({ kind: 'upstream-request', outcome });
  }

  private reply({ replyTo, requestId }: ActorRequest, json: ByteString): void {
    this.bus.send(replyTo, { kind: 'nearby-response', requestId, json });
  }
}

/** Ends what a stage holds. */
function releaseState(state: QueryState): void {
  if (state.name === 'requesting') state.abort.abort();
  if (state.name === 'retry-wait') state.cancelTimer();
}

function isProbe({ state }: PendingQuery): boolean {
  return state.name === 'requesting' && state.isProbe;
}

/** Why nothing is asked, and when it will be. */
function withRetryTime(reason: string, retryTime: string): string {
  return `${reason.replace(/\.$/, '')}; ${retryTime}`;
}
