import { AddressQuota } from './address-quota.js';
import type { Clock } from '../ports/clock.js';
import { CommandScheduler } from './command-scheduler.js';
import type { Limits } from '../ports/limits.js';
import { OutputBudget } from './output-budget.js';
import { QuerySlots } from './query-slots.js';

/** Limits shared by all clients of one server, whatever their protocol. */
export class SharedLimits {
  /** Output buffers. */
  readonly outputBudget: OutputBudget;
  /** Connections with subscriptions, and event streams. */
  readonly subscribersPerAddress: AddressQuota;
  /** WHATSAT commands in flight. */
  readonly querySlots: QuerySlots;
  /** Schedules the commands of all connections. */
  readonly scheduler: CommandScheduler;
  /** The number of connections that watch all clients: each report is sent to each of them. */
  allClientsSubscribers = 0;

  constructor(limits: Limits, clock: Clock) {
    this.outputBudget = new OutputBudget(limits.maxTotalOutputBufferBytes);
    this.subscribersPerAddress = new AddressQuota(limits.maxSubscribersPerAddress);
    this.querySlots = new QuerySlots(limits.maxPendingQueries);
    this.scheduler = new CommandScheduler(clock);
  }
}
