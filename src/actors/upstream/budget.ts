import type { BudgetEvent } from '../bus/events.js';
import { SlidingWindow } from './sliding-window.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What a server may spend on its upstream; undefined for no limit. */
export interface BudgetLimits {
  readonly requestsPerMinute: number | undefined;
  readonly requestsPerDay: number | undefined;
  /** In the currency of `costPerUnit`. */
  readonly costPerDay: number | undefined;
  /** What one unit costs: a request, or a post with an upstream that is paid by posts. */
  readonly costPerUnit: number;
}

/** Which limit was reached, and when there is room again. */
export interface BudgetExceeded {
  readonly limit: BudgetEvent['limit'];
  /** Infinity if a single request costs more than the limit. */
  readonly waitMs: number;
  /** Whether this limit was not reached during its whole span before: worth a word, where the next ones are not. */
  readonly shouldReport: boolean;
}

interface BudgetAccount {
  readonly limit: BudgetExceeded['limit'];
  readonly windowMs: number;
  readonly window: SlidingWindow;
  readonly amountFor: (units: number) => number;
  lastReportedAtMs: number;
}

/**
 * What a server may spend on its upstream: each request is paid before it is made, at the most that it can cost, and never is
 * more spent in any minute or day than the limits say. It counts from the server's start.
 */
export class Budget {
  private readonly accounts: readonly BudgetAccount[];

  constructor({ requestsPerMinute, requestsPerDay, costPerDay, costPerUnit }: BudgetLimits) {
    this.accounts = [
      ...createAccounts('requestsPerMinute', minuteMs, requestsPerMinute, () => 1),
      ...createAccounts('requestsPerDay', dayMs, requestsPerDay, () => 1),
      ...createAccounts('costPerDay', dayMs, costPerDay, (units) => units * costPerUnit),
    ];
  }

  /**
   * Pays for a request; or says why it cannot be paid for, and spends nothing.
   * @param nowMs on a clock that never goes back
   */
  pay(units: number, nowMs: number): BudgetExceeded | undefined {
    for (const account of this.accounts) {
      const waitMs = account.window.waitMs(account.amountFor(units), nowMs);
      if (waitMs === 0) continue;
      const shouldReport = nowMs - account.lastReportedAtMs >= account.windowMs;
      if (shouldReport) account.lastReportedAtMs = nowMs;
      return { limit: account.limit, waitMs, shouldReport };
    }
    for (const { window, amountFor } of this.accounts) window.spend(amountFor(units), nowMs);
    return undefined;
  }
}

function createAccounts(
  limit: BudgetExceeded['limit'],
  windowMs: number,
  max: number | undefined,
  amountFor: BudgetAccount['amountFor'],
): BudgetAccount[] {
  if (max === undefined) return [];
  return [{ limit, windowMs, amountFor, window: new SlidingWindow(windowMs, max), lastReportedAtMs: -Infinity }];
}
