import { partitionCount } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { natsSettleMs } from '../../run/nats-settle-time.js';
import type { HerdView } from '../../run/herd-view.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { SimulationEvent } from '../../environment.js';
import type { Invariant, Violation } from '../invariant.js';
import { Disturbances, disturbanceKinds } from './disturbances.js';

/**
 * In a settled herd on NATS, all members know the same members, and each partition is held by as many servers as there are replicas,
 * or members: completely, while no other server is filling or leaving it.
 */
export class PartitionsComplete implements Invariant {
  readonly name = 'partitions-complete';
  readonly observedKinds = disturbanceKinds;
  private readonly disturbances: Disturbances;
  private readonly settleMs: number;
  private readonly replicas: number;

  constructor(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>, replicas: number) {
    this.disturbances = new Disturbances(scenario);
    this.settleMs = natsSettleMs(scenario);
    this.replicas = replicas;
  }

  onEvent(event: SimulationEvent, view: HerdView): undefined {
    this.disturbances.onEvent(event, view.environment.nowMs());
  }

  checkPeriodically(view: HerdView): Violation[] {
    const nowMs = view.environment.nowMs();
    if (nowMs - this.disturbances.lastChangeMs(nowMs) < this.settleMs) return [];
    const members = view.runningServers.filter((server) => !view.paused.has(server));
    const violation = this.findUnknownMember(members, view) ?? this.findIncomplete(members, view);
    return violation === undefined ? [] : [violation];
  }

  checkConverged(view: HerdView): Violation[] {
    return this.checkPeriodically(view);
  }

  private findUnknownMember(members: readonly ServerId[], view: HerdView): Violation | undefined {
    const expected = [...members].sort().join(' ');
    for (const server of members) {
      const known = [...(view.members.get(server) ?? [])].sort().join(' ');
      if (known !== expected) return { server, text: `${server} knows the members ${known}, but they are ${expected}` };
    }
    return undefined;
  }

  private findIncomplete(members: readonly ServerId[], view: HerdView): Violation | undefined {
    const expected = Math.min(this.replicas, members.length);
    for (let partition = 0; partition < partitionCount; partition += 1) {
      let complete = 0;
      for (const server of members) {
        const state = view.partitionState(server, partition);
        if (state === 'complete') complete += 1;
        else if (state !== 'none') return { server, text: `partition ${partition} is still ${state} at ${server}` };
      }
      if (complete !== expected)
        return { text: `partition ${partition} has ${complete} complete holders, not ${expected}` };
    }
    return undefined;
  }
}
