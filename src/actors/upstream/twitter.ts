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
import { breakerMachine, type BreakerContext } from './breaker-machine.js';
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

/** Dependencies of the upstream actor. */
export interface TwitterDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  /** Outlives the actor, as a restart of the actor must not reset it. */
  readonly budget: Budget;
}

/**
 * Upstream actor: queries what is near a position. Every query gets a response before its deadline, whatever the upstream does. Requests
 * are saved by a response cache, request coalescing and a circuit breaker.
 */
export class Twitter implements Actor<UpstreamMessage> {
  private readonly queries = new PendingQueries();
  private readonly cache: ResponseCache;
  private readonly breaker: Machine<typeof breakerMachine>;
  /** When the open breaker becomes half-open, in milliseconds on the monotonic clock. */
  private retryAtMs = 0;

  constructor(
    private readonly bus: Bus,
    private readonly dependencies: TwitterDependencies,
    private readonly upstream: Upstream,
    private readonly settings: UpstreamSettings,
  ) {
    const { clock, random } = dependencies;
    this.cache = new ResponseCache(settings.cacheTtlMs, settings.maxCacheBytes);
    const onState = (state: BreakerState, { reason, pauseMs }: BreakerContext): void => {
      const retryInMs = state === 'open' ? pauseMs : 0;
      this.retryAtMs = clock.monotonicMs() + retryInMs;
      bus.publish({ kind: 'upstream-breaker', state, reason, retryInMs });
      bus.send(addresses.upstream, { kind: 'breaker-changed', state });
    };
    this.breaker = createActor(breakerMachine, { clock, input: { random, onState } });
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
      this.complete(pendingQuery, 'failed', this.upstream.failure('request aborted by a restart'));
  }

  /** Responds from the cache, coalesces the query with an equal one, or starts it. */
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

  /** Starts a request, queues the query, or rejects it. */
  private startOrReject(pendingQuery: PendingQuery): void {
    const rejection = this.rejectionReason();
    if (rejection !== undefined) return this.reject(pendingQuery, 'circuit_open', rejection);
    if (this.queries.requestingCount < this.settings.maxConcurrentRequests) return this.startAttempt(pendingQuery);
    this.queries.setState(pendingQuery, { name: 'queued' });
    if (this.queries.waitingCount <= this.settings.maxQueued) return;
    const surplus = selectSurplus(this.queries.inState('queued')) ?? pendingQuery;
    this.reject(surplus, 'queue_full', 'upstream queue is full, retry later');
  }

  /** Returns why no request is made at present; undefined if requests are possible. */
  private rejectionReason(): string | undefined {
    const { value, context } = this.breaker.getSnapshot();
    switch (value) {
      case 'closed':
        return undefined;
      case 'open':
        return withRetryTime(
          context.reason,
          `next attempt in ${formatDuration(this.retryAtMs - this.dependencies.clock.monotonicMs())}`,
        );
      case 'half-open':
        return this.queries.inState('requesting').some(isProbe)
          ? withRetryTime(context.reason, 'an attempt is in progress')
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
      // The query of an aborted request has its response already.
      if (!abort.signal.aborted) this.bus.send(addresses.upstream, { kind: 'attempt-ended', pendingQuery, outcome });
    });
  }

  /** Handles the result of a request. */
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
    // The breaker is open for the Retry-After delay.
    if (isOpen) return this.queries.setState(pendingQuery, { name: 'circuit-open' });
    const cancelTimer = this.sendToSelf({ kind: 'retry-due', pendingQuery }, delayMs);
    this.queries.setState(pendingQuery, { name: 'retry-wait', cancelTimer });
  }

  /**
   * Publishes the outcome of a request and sends it to the breaker; in `half-open` only that of the probe, as other requests were
   * started before.
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

  /** Handles a change of the breaker's state. */
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

  /** Starts queued queries while there are request slots. */
  private startQueued(): void {
    while (this.queries.requestingCount < this.settings.maxConcurrentRequests) {
      const pendingQuery = selectNext(this.queries.inState('queued'), this.queries.inState('requesting'));
      if (pendingQuery === undefined) return;
      this.startOrReject(pendingQuery);
    }
  }

  /** Handles the deadline of a query. */
  private timeOut(pendingQuery: PendingQuery): void {
    const reason = `no response within ${this.settings.deadlineMs / 1_000} s`;
    const { state } = pendingQuery;
    // The reason of the abort; permanent, as there is no time for a retry.
    if (state.name === 'requesting') state.abort.abort(new UpstreamError(reason, 'permanent'));
    this.fail(pendingQuery, reason);
    if (state.name !== 'requesting') return;
    this.recordResult(state, { kind: 'failed', reason, errorKind: 'transient', retryAfterMs: undefined });
    this.startQueued();
  }

  private rejectOverBudget(pendingQuery: PendingQuery, { limit, waitMs, shouldReport }: BudgetExceeded): void {
    if (shouldReport) this.bus.publish({ kind: 'upstream-budget', limit, waitMs });
    const budgetSpent = `upstream budget exhausted (${limit})`;
    this.reject(
      pendingQuery,
      'over_budget',
      waitMs === Infinity ? budgetSpent : withRetryTime(budgetSpent, `next attempt in ${formatDuration(waitMs)}`),
    );
  }

  /** Rejects a query. Its reason is not logged, as the event of the breaker or budget contains it. */
  private reject(pendingQuery: PendingQuery, outcome: UpstreamRequestOutcome, reason: string): void {
    this.complete(pendingQuery, outcome, this.upstream.failure(reason));
  }

  /** Completes a query that failed. */
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

/** Releases the resources of a state. */
function releaseState(state: QueryState): void {
  if (state.name === 'requesting') state.abort.abort();
  if (state.name === 'retry-wait') state.cancelTimer();
}

function isProbe({ state }: PendingQuery): boolean {
  return state.name === 'requesting' && state.isProbe;
}

/** Appends the time of the next attempt to a reason. */
function withRetryTime(reason: string, retryTime: string): string {
  return `${reason.replace(/\.$/, '')}; ${retryTime}`;
}
