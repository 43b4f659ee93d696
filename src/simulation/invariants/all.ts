import { convergenceBoundMs } from '../run/convergence-bound.js';
import type { Scenario } from '../scenario/scenario.js';
import { AcknowledgedSurvives } from './acknowledged-survives.js';
import { Agreement } from './agreement.js';
import { ResponsesInOrder } from './responses-in-order.js';
import { BucketAgreement } from './bucket-agreement.js';
import { BucketMonotonic } from './bucket-monotonic.js';
import { Bounds } from './bounds.js';
import type { Invariant } from './invariant.js';
import { LinkRecovery } from './link-recovery.js';
import { Monotonic } from './monotonic.js';
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
    ...(herd.replication === 'nats'
      ? [new BucketMonotonic(), new BucketAgreement()]
      : [new NoEcho(), new ReadYourWrites(scenario), new AcknowledgedSurvives()]),
    new ResponsesInOrder(),
    new NoFailure(),
    new Bounds(herd.limits),
    new LinkRecovery(),
    new RestartCatchUp(),
    new Agreement(),
    new Quiescent(convergenceBoundMs({ herd, network })),
  ];
}
