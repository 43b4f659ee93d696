import { maxLinkBackoffMs } from '../../actors/time/backoff.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { convergenceBoundMs } from '../run/convergence-bound.js';
import type { FaultAction, PhoneAction, Step } from '../scenario/scenario.js';
import type { ScenarioContent } from '../scenario/scenario-writer.js';

/** A step of a draft: something breaks or is mended, or the clock of a phone is set. */
export type GeneratedStep = Pick<Step, 'atMs'> & { readonly action: FaultAction | PhoneAction };

/**
 * What a random scenario is made of. What is still broken at its end is mended then: so whatever is left out of it, what
 * remains is a scenario in which everything must hold.
 */
export interface GeneratedScenario extends Omit<ScenarioContent, 'steps' | 'settleMs'> {
  /** Before `endMs`, in the order of their times. */
  readonly steps: readonly GeneratedStep[];
  /** When everything is mended, and clients fall silent, in milliseconds. */
  readonly endMs: number;
}

/** Beats after which a dead wire is noticed. */
const missedHeartbeats = 3;

/** How long one attempt at a wire takes at most that leads to nothing, in milliseconds: as the link's machine has it. */
const attemptMs = 5_000;

/** How long a wire takes to be live that nothing stands against, besides the network, in milliseconds. */
const connectMarginMs = 1_500;

/** The scenario of a draft, with a time to settle in which every link must have come back. */
export function toScenarioContent({ endMs, ...draft }: GeneratedScenario): ScenarioContent {
  const { herd, steps } = draft;
  const relinkMs = missedHeartbeats * herd.linkTimings.heartbeatMs + attemptMs + maxLinkBackoffMs + connectMarginMs;
  const settleMs = Math.ceil(relinkMs + 4 * convergenceBoundMs(draft));
  return { ...draft, steps: [...steps, ...repairSteps(draft.steps, endMs)], settleMs };
}

/** The steps that mend whatever is still broken. */
function repairSteps(steps: readonly GeneratedStep[], atMs: number): GeneratedStep[] {
  const faults = new ActiveFaults();
  for (const { action } of steps) faults.apply(action);
  return faults.repairActions().map((action) => ({ atMs, action }));
}

/** What is broken after some steps. */
class ActiveFaults {
  private network: 'whole' | 'broken' = 'whole';
  private upstream: 'up' | 'broken' = 'up';
  private engine: 'up' | 'broken' = 'up';
  private readonly down = new Set<ServerId>();
  private readonly paused = new Set<ServerId>();
  private readonly drifting = new Set<ServerId>();
  /** Clients whose clock is off. */
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
        for (const server of action.servers) this.down.delete(server);
        return;
      case 'pause':
        for (const server of action.servers) if (!this.down.has(server)) this.paused.add(server);
        return;
      case 'resume':
        for (const server of action.servers) this.paused.delete(server);
        return;
      case 'heal':
        if (action.what === 'all') this.network = 'whole';
        return;
      case 'clock':
        if (action.drift !== undefined) this.drifting.add(action.server);
        return;
      case 'phone':
        if (action.clockMs === 0) this.phones.delete(action.client);
        else this.phones.add(action.client);
        return;
      case 'upstream':
        this.upstream = action.state === 'up' ? 'up' : 'broken';
        return;
      case 'broker':
        // What was wiped nothing brings back but the servers themselves.
        if (action.change !== 'wiped') this.engine = action.change === 'up' ? 'up' : 'broken';
        return;
      default:
        this.network = 'broken';
    }
  }

  repairActions(): GeneratedStep['action'][] {
    const actions: GeneratedStep['action'][] = [];
    if (this.network === 'broken') actions.push({ kind: 'heal', what: 'all' });
    if (this.down.size > 0) actions.push({ kind: 'restart', servers: [...this.down] });
    if (this.paused.size > 0) actions.push({ kind: 'resume', servers: [...this.paused] });
    for (const server of this.drifting) actions.push({ kind: 'clock', server, jumpMs: 0, drift: 0 });
    for (const client of this.phones) actions.push({ kind: 'phone', client, clockMs: 0 });
    if (this.upstream === 'broken') actions.push({ kind: 'upstream', state: 'up' });
    if (this.engine === 'broken') actions.push({ kind: 'broker', change: 'up' });
    // What nothing else ends lasts until then all the same.
    return actions.length > 0 ? actions : [{ kind: 'heal', what: 'all' }];
  }
}
