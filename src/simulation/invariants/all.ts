import { promisedMs } from '../run/promise.js';
import type { Scenario } from '../scenario/scenario.js';
import { Agreement } from './agreement.js';
import { AnswersInOrder } from './answers.js';
import { BucketAgreement } from './bucket-agreement.js';
import { BucketNeverBack } from './bucket-never-back.js';
import { Bounds } from './bounds.js';
import type { Invariant } from './invariant.js';
import { LinksReturn } from './links-return.js';
import { NeverBack } from './never-back.js';
import { NewestWins } from './newest-wins.js';
import { NoEcho } from './no-echo.js';
import { NoFailure } from './no-failure.js';
import { OnlyReported } from './only-reported.js';
import { Quiet } from './quiet.js';
import { Refilled } from './refilled.js';

/** Everything that must be so, for one run. */
export function allInvariants({ herd, network }: Pick<Scenario, 'herd' | 'network'>): Invariant[] {
  return [
    new NeverBack(),
    new OnlyReported(herd.limits),
    new NewestWins(),
    ...(herd.spread === 'nats' ? [new BucketNeverBack(), new BucketAgreement()] : [new NoEcho()]),
    new AnswersInOrder(),
    new NoFailure(),
    new Bounds(herd.limits),
    new LinksReturn(),
    new Refilled(),
    new Agreement(),
    new Quiet(promisedMs({ herd, network })),
  ];
}
