import { convergenceBoundMs } from '../run/convergence-bound.js';
import type { Scenario } from '../scenario/scenario.js';
import { AcknowledgedSurvives } from './acknowledged-survives.js';
import { Agreement } from './agreement.js';
import { ResponsesInOrder } from './responses-in-order.js';
import { Bounds } from './bounds.js';
import type { Invariant } from './invariant.js';
import { LinkRecovery } from './link-recovery.js';
import { Monotonic } from './monotonic.js';
import { AcknowledgedSurvivesOnNats } from './nats/acknowledged-survives.js';
import { HoldersAgree } from './nats/holders-agree.js';
import { LookupsFresh } from './nats/lookups-fresh.js';
import { MovesBounded } from './nats/moves-bounded.js';
import { PartitionsComplete } from './nats/partitions-complete.js';
import { ReadYourWritesOnNats } from './nats/read-your-writes.js';
import { NewestWins } from './newest-wins.js';
import { NoEcho } from './no-echo.js';
import { NoFailure } from './no-failure.js';
import { Integrity } from './integrity.js';
import { Quiescent } from './quiescent.js';
import { ReadYourWrites } from './read-your-writes.js';
import { RestartCatchUp } from './restart-catch-up.js';

/** Creates the invariants that apply to a scenario, for one run. */
export function createInvariants(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>): Invariant[] {
  const { herd, network } = scenario;
  return [
    new Monotonic(),
    new Integrity(herd.limits),
    new NewestWins(),
    ...(herd.replication.kind === 'nats'
      ? createNatsInvariants(scenario, herd.replication.replicas)
      : createFloodInvariants(scenario)),
    new ResponsesInOrder(),
    new NoFailure(),
    new Bounds(herd.limits),
    new LinkRecovery(),
    new Quiescent(convergenceBoundMs({ herd, network })),
  ];
}

function createFloodInvariants(scenario: Pick<Scenario, 'network' | 'steps'>): Invariant[] {
  return [
    new NoEcho(),
    new ReadYourWrites(scenario),
    new AcknowledgedSurvives(),
    new RestartCatchUp(),
    new Agreement(),
  ];
}

function createNatsInvariants(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>, replicas: number): Invariant[] {
  return [
    new ReadYourWritesOnNats(scenario),
    new LookupsFresh(scenario),
    new AcknowledgedSurvivesOnNats(scenario),
    new PartitionsComplete(scenario, replicas),
    new MovesBounded(),
    new HoldersAgree(),
  ];
}
