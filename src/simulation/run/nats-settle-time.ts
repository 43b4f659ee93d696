import { maxLinkBackoffMs } from '../../actors/time/backoff.js';
import type { Scenario } from '../scenario/scenario.js';
import { convergenceBoundMs } from './convergence-bound.js';

/** Time in which a broken connection to the broker, or between its nodes, is noticed or fails to open, in milliseconds. */
const brokenMs = 8_000;

/**
 * Heartbeats after which every partition is complete at those that are to hold it: three until a lost connection or member is
 * noticed, one until the next presence, three in which holders without a complete one compare, and as many for one repetition.
 */
const heartbeats = 12;

/** Margin for transferring partitions, in milliseconds. */
const transferMarginMs = 2_000;

/**
 * Time in which a herd on NATS recovers from any disturbance, in milliseconds: afterwards its members know each other, every
 * partition is complete at its holders, and these agree.
 */
export function natsSettleMs({ herd, network }: Pick<Scenario, 'herd' | 'network'>): number {
  const recoveryMs = brokenMs + maxLinkBackoffMs + heartbeats * herd.linkTimings.heartbeatMs + transferMarginMs;
  return recoveryMs + convergenceBoundMs({ herd, network });
}
