import type { BudgetEvent } from '../bus/events.js';
import { SpendingWindow } from './sliding-window.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What a server may spend on its upstream; undefined for no limit. */
export interface BudgetLimits {
  readonly requestsPerMinute: number | undefined;
  readonly requestsPerDay: number | undefined;
  /** In the currency of `unitCost`. */
  readonly costPerDay: number | undefined;
  /** What one unit costs: a request, or a post with an upstream that is paid by posts. */
  readonly unitCost: number;
}

/** Which limit was reached, and when there is room again. */
export interface Overdraft {
  readonly limit: BudgetEvent['limit'];
  /** Infinity if a single request costs more than the limit. */
  readonly waitMs: number;
  /** Whether this limit was not reached during its whole span before: worth a word, where the next ones are not. */
  readonly news: boolean;
}

interface Account {
  readonly limit: Overdraft['limit'];
  readonly spanMs: number;
  readonly window: SpendingWindow;
  readonly amountOf: (units: number) => number;
  saidAtMs: number;
}

/**
 * What a server may spend on its upstream: each request is paid before it is made, at the most that it can cost, and never is
 * more spent in any minute or day than the limits say. It counts from the server's start.
 */
export class Budget {
  private readonly accounts: readonly Account[];

  constructor({ requestsPerMinute, requestsPerDay, costPerDay, unitCost }: BudgetLimits) {
    this.accounts = [
      ...accountOf('requestsPerMinute', minuteMs, requestsPerMinute, () => 1),
      ...accountOf('requestsPerDay', dayMs, requestsPerDay, () => 1),
      ...accountOf('costPerDay', dayMs, costPerDay, (units) => units * unitCost),
    ];
  }

  /**
   * Pays for a request; or says why it cannot be paid for, and spends nothing.
   * @param nowMs on a clock that never goes back
   */
  pay(units: number, nowMs: number): Overdraft | undefined {
    for (const account of this.accounts) {
      const waitMs = account.window.waitMs(account.amountOf(units), nowMs);
      if (waitMs === 0) continue;
      const news = nowMs - account.saidAtMs >= account.spanMs;
      if (news) account.saidAtMs = nowMs;
      return { limit: account.limit, waitMs, news };
    }
    for (const { window, amountOf } of this.accounts) window.spend(amountOf(units), nowMs);
    return undefined;
  }
}

function accountOf(
  limit: Overdraft['limit'],
  spanMs: number,
  max: number | undefined,
  amountOf: Account['amountOf'],
): Account[] {
  if (max === undefined) return [];
  return [{ limit, spanMs, amountOf, window: new SpendingWindow(spanMs, max), saidAtMs: -Infinity }];
}
