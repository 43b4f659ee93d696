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
  readonly subscribersPerAddress: AddressQuota;
  /** WHATSAT commands under way. */
  readonly querySlots: QuerySlots;
  /** Time to handle commands. */
  readonly scheduler: CommandScheduler;
  /** Connections that watch all clients: a report costs each of them a line. */
  allClientsSubscribers = 0;

  constructor(limits: Limits, clock: Clock) {
    this.outputBudget = new OutputBudget(limits.maxTotalOutputBufferBytes);
    this.subscribersPerAddress = new AddressQuota(limits.maxSubscribersPerAddress);
    this.querySlots = new QuerySlots(limits.maxPendingQueries);
    this.scheduler = new CommandScheduler(clock);
  }
}
