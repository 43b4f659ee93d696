import { promisedMs } from '../run/convergence-bound.js';
import type { Scenario } from '../scenario/scenario.js';
import { AcknowledgedSurvives } from './acknowledged-survives.js';
import { Agreement } from './agreement.js';
import { AnswersInOrder } from './answers.js';
import { BucketAgreement } from './bucket-agreement.js';
import { BucketNeverBack } from './bucket-monotonic.js';
import { Bounds } from './bounds.js';
import type { Invariant } from './invariant.js';
import { LinksReturn } from './link-recovery.js';
import { NeverBack } from './monotonic.js';
import { NewestWins } from './newest-wins.js';
import { NoEcho } from './no-echo.js';
import { NoFailure } from './no-failure.js';
import { OnlyReported } from './integrity.js';
import { Quiet } from './quiescent.js';
import { ReadYourWrites } from './read-your-writes.js';
import { Refilled } from './restart-catch-up.js';

/** Everything that must be so, for one run. */
export function allInvariants(scenario: Pick<Scenario, 'herd' | 'network' | 'steps'>): Invariant[] {
  const { herd, network } = scenario;
  return [
    new NeverBack(),
    new OnlyReported(herd.limits),
    new NewestWins(),
    ...(herd.spread === 'nats'
      ? [new BucketNeverBack(), new BucketAgreement()]
      : [new NoEcho(), new ReadYourWrites(scenario), new AcknowledgedSurvives()]),
    new AnswersInOrder(),
    new NoFailure(),
    new Bounds(herd.limits),
    new LinksReturn(),
    new Refilled(),
    new Agreement(),
    new Quiet(promisedMs({ herd, network })),
  ];
}
