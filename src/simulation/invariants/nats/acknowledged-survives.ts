import type { HerdView } from '../../run/herd-view.js';
import type { Location } from '../../../protocol/place/location.js';
import { supersedes } from '../../../protocol/place/location.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { SimulationEvent } from '../../environment.js';
import type { Invariant, Violation } from '../invariant.js';
import { Guarantees, guaranteeKinds } from './guarantees.js';

/**
 * In a herd on NATS, an acknowledged report is found as long as one complete holder of its partition lives that had it, or the
 * server that accepted it does while none had it. If the broker took the report from an undisturbed connection, the server that
 * accepted it may be gone. A herd that has converged stores it, or a newer one of its client, on some server.
 */
export class AcknowledgedSurvivesOnNats implements Invariant {
  readonly name = 'acknowledged-survives';
  readonly observedKinds = guaranteeKinds;
  private readonly guarantees: Guarantees;

  constructor(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>) {
    this.guarantees = new Guarantees(scenario);
  }

  onEvent(event: SimulationEvent, view: HerdView): undefined {
    if (view.environment.observationDelayMs === 0) this.guarantees.onEvent(event, view);
  }

  checkPeriodically(view: HerdView): Violation[] {
    this.guarantees.checkPeriodically(view);
    return [];
  }

  async checkConverged(view: HerdView, settledMs: number): Promise<Violation[]> {
    if (this.guarantees.mayEvict) return [];
    for (const { location, server, partition, isAcknowledged } of this.guarantees.all()) {
      const newest = view.newest.get(location.client);
      if (!isAcknowledged || newest === undefined || newest.sinceMs > settledMs) continue;
      if (await isStored(location, view)) continue;
      const text = `${server} acknowledged ${location.line}, and no server stores it, nor a newer one (partition ${partition})`;
      return [{ server, text }];
    }
    return [];
  }
}

async function isStored(location: Location, view: HerdView): Promise<boolean> {
  for (const server of view.runningServers) {
    const stored = await view.environment.readLocation(server, location.client);
    if (stored !== undefined && !supersedes(location, stored)) return true;
  }
  return false;
}
