import type { BudgetEvent } from '../bus/events.js';
import { SlidingWindow } from './sliding-window.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Limits of a server's upstream use; undefined for no limit. */
export interface BudgetLimits {
  readonly requestsPerMinute: number | undefined;
  readonly requestsPerDay: number | undefined;
  /** In the currency of `costPerUnit`. */
  readonly costPerDay: number | undefined;
  /** Cost of one unit: a request, or a post if the upstream charges per post. */
  readonly costPerUnit: number;
}

/** The limit that a request would exceed. */
export interface BudgetExceeded {
  readonly limit: BudgetEvent['limit'];
  /** Milliseconds until the request is possible; Infinity if it costs more than the limit. */
  readonly waitMs: number;
  /** Whether to report it: at most once per period of the limit. */
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
 * Budget of a server's upstream use. Each request is paid for in advance, at its maximum cost, so the limits are never exceeded in any
 * minute or day. Counting starts with the server.
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
   * Pays for a request. If a limit would be exceeded, spends nothing and returns the limit.
   * @param nowMs the present time on a monotonic clock
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
