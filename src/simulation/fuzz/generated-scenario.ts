import { maxLinkBackoffMs } from '../../actors/time/backoff.js';
import { defaultLimits } from '../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { convergenceBoundMs } from '../run/convergence-bound.js';
import { natsSettleMs } from '../run/nats-settle-time.js';
import type { FaultAction, PhoneAction, Step } from '../scenario/scenario.js';
import type { ScenarioContent } from '../scenario/scenario-writer.js';

/** A step of a generated scenario: a fault, a repair, or a change of a phone's clock. */
export type GeneratedStep = Pick<Step, 'atMs'> & { readonly action: FaultAction | PhoneAction };

/**
 * A random scenario. Faults that are active at its end are repaired then, so with any part left out it is still a scenario in
 * which every invariant must hold.
 */
export interface GeneratedScenario extends Omit<ScenarioContent, 'steps' | 'settleMs'> {
  /** Before `endMs`, ordered by time. */
  readonly steps: readonly GeneratedStep[];
  /** When all faults are repaired and the workload ends, in milliseconds. */
  readonly endMs: number;
}

/** Missed heartbeats after which a dead connection is detected. */
const missedHeartbeats = 3;

/** Maximum duration of a failing connection attempt, in milliseconds: the timeout of the link's state machine. */
const attemptMs = 5_000;

/** Time until an undisturbed link is live, besides the network's delays, in milliseconds. */
const connectMarginMs = 1_500;

/** Maximum duration of an orderly stop, in milliseconds. */
const leaveMs = 8_000;

/** Longest interval between two comparisons of neighbours, as a multiple of the configured one. */
const maxComparisonInterval = 1.5;

/** Adds the repairs, and a settling time in which every link must recover. */
export function toScenarioContent({ endMs, ...scenario }: GeneratedScenario): ScenarioContent {
  const { herd, steps } = scenario;
  const settleMs = Math.ceil(
    herd.replication.kind === 'nats' ? natsSettleMs(scenario) + leaveMs : floodSettleMs(scenario),
  );
  return { ...scenario, steps: [...steps, ...repairSteps(scenario.steps, endMs)], settleMs };
}

function floodSettleMs(scenario: Pick<GeneratedScenario, 'herd' | 'network'>): number {
  const { herd } = scenario;
  const relinkMs = missedHeartbeats * herd.linkTimings.heartbeatMs + attemptMs + maxLinkBackoffMs + connectMarginMs;
  return relinkMs + 4 * convergenceBoundMs(scenario) + comparisonMs(herd);
}

/**
 * Time until full stores have compared with their neighbours once more, in milliseconds. A server learns only from a neighbour's
 * digest what that has evicted, and may send it such locations before.
 */
function comparisonMs({ limits, linkTimings }: ScenarioContent['herd']): number {
  const mayEvict = limits.maxClients < defaultLimits.maxClients || limits.maxStoreBytes < defaultLimits.maxStoreBytes;
  return mayEvict ? maxComparisonInterval * linkTimings.antiEntropyMs : 0;
}

/** Returns the steps that repair all active faults. */
export function repairSteps(steps: readonly GeneratedStep[], atMs: number): GeneratedStep[] {
  const faults = new ActiveFaults();
  for (const { action } of steps) faults.apply(action);
  return faults.repairActions().map((action) => ({ atMs, action }));
}

/** The faults that are active after some steps. */
class ActiveFaults {
  private isNetworkBroken = false;
  private isUpstreamBroken = false;
  private readonly brokenNodes = new Set<ServerId>();
  private readonly down = new Set<ServerId>();
  private readonly paused = new Set<ServerId>();
  private readonly drifting = new Set<ServerId>();
  /** Clients whose clock is wrong. */
  private readonly phones = new Set<ClientId>();

  apply(action: GeneratedStep['action']): void {
    switch (action.kind) {
      case 'crash':
        for (const server of action.servers) {
          this.down.add(server);
          this.paused.delete(server);
        }
        return;
      case 'restart':
      case 'join':
        for (const server of action.servers) this.down.delete(server);
        return;
      case 'leave':
        // It is not expected to return.
        return;
      case 'pause':
        for (const server of action.servers) if (!this.down.has(server)) this.paused.add(server);
        return;
      case 'resume':
        for (const server of action.servers) this.paused.delete(server);
        return;
      case 'heal':
        if (action.what === 'all') this.isNetworkBroken = false;
        return;
      case 'clock':
        if (action.drift !== undefined) this.drifting.add(action.server);
        return;
      case 'phone':
        if (action.clockMs === 0) this.phones.delete(action.client);
        else this.phones.add(action.client);
        return;
      case 'upstream':
        this.isUpstreamBroken = action.state !== 'up';
        return;
      case 'broker':
        for (const node of action.nodes) {
          if (action.state === 'down') this.brokenNodes.add(node);
          else this.brokenNodes.delete(node);
        }
        return;
      default:
        this.isNetworkBroken = true;
    }
  }

  repairActions(): GeneratedStep['action'][] {
    const actions: GeneratedStep['action'][] = [];
    if (this.isNetworkBroken) actions.push({ kind: 'heal', what: 'all' });
    if (this.down.size > 0) actions.push({ kind: 'restart', servers: [...this.down] });
    if (this.paused.size > 0) actions.push({ kind: 'resume', servers: [...this.paused] });
    for (const server of this.drifting) actions.push({ kind: 'clock', server, jumpMs: 0, drift: 0 });
    for (const client of this.phones) actions.push({ kind: 'phone', client, clockMs: 0 });
    if (this.isUpstreamBroken) actions.push({ kind: 'upstream', state: 'up' });
    for (const node of this.brokenNodes) actions.push({ kind: 'broker', nodes: [node], state: 'up' });
    // A run without repairs still ends with a step at that time.
    return actions.length > 0 ? actions : [{ kind: 'heal', what: 'all' }];
  }
}
