import { AddressQuota } from '../client/address-quota.js';
import type { Clock } from '../ports/clock.js';
import { CommandScheduler } from '../client/command-scheduler.js';
import type { Limits } from '../ports/limits.js';
import { OutputBudget } from '../client/output-budget.js';
import { QuerySlots } from '../client/query-slots.js';

/** The limits that all clients of one server share, whatever their protocol. */
export class SharedLimits {
  /** Bytes that wait for clients. */
  readonly outputBudget: OutputBudget;
  /** Subscriptions to changes. */
  readonly watchersPerAddress: AddressQuota;
  /** WHATSAT commands under way. */
  readonly querySlots: QuerySlots;
  /** Time to handle commands. */
  readonly scheduler: CommandScheduler;
  /** Connections that watch all clients: a report costs each of them a line. */
  watchersOfAll = 0;

  constructor(limits: Limits, clock: Clock) {
    this.outputBudget = new OutputBudget(limits.backlogBytesInAllMax);
    this.watchersPerAddress = new AddressQuota(limits.watchersPerAddressMax);
    this.querySlots = new QuerySlots(limits.pendingQueriesMax);
    this.scheduler = new CommandScheduler(clock);
  }
}
