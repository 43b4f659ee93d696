import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Invariant } from '../invariants/invariant.js';
import { allInvariants } from '../invariants/all.js';
import type { Expectation, Scenario, Step } from '../scenario/scenario.js';
import { waysOf } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import type { World, WorldListener } from '../environment.js';
import { idleTextsOf } from './noop-steps.js';
import type { MeasureResults } from './metrics.js';
import { Observer } from './observer.js';
import { promisedMs, quietMs } from './convergence-bound.js';
import { refusalsOf, WorldRefusal } from './unsupported-scenario.js';
import type { RunResult } from './result.js';
import { Trace, type RunNews } from './trace.js';
import { Workload } from './workload.js';

/** Milliseconds between two looks at what shows only now and then. */
const lookEveryMs = 1_000;

/** How a scenario is run. */
export interface RunOptions {
  /** Makes the world in which it is played. */
  readonly world: (tell: WorldListener) => World;
  /** Whether the record is kept, or only its hash. */
  readonly keep?: 'hash' | 'entries';
  /** Those of the scenario, if left out. */
  readonly invariants?: readonly Invariant[];
  /** Hears of everything on the record, as it goes, and what is said about it. */
  readonly onEntry?: (atMs: number, event: RunNews) => void;
}

/**
 * Plays a scenario to its end.
 *
 * @throws WorldRefusal before anything runs, if the world cannot do a step
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  return new Run(scenario, options).play();
}

/** One run of one scenario. */
class Run {
  private readonly world: World;
  private readonly observer: Observer;
  private readonly trace: Trace;
  private readonly workload: Workload;
  /** How far the clocks of clients are off that a step has set, in milliseconds. */
  private readonly clockOffMs = new Map<ClientId, number>();

  constructor(
    private readonly scenario: Scenario,
    { world, keep = 'hash', invariants = allInvariants(scenario), onEntry = () => undefined }: RunOptions,
  ) {
    this.world = world((event) => {
      this.observer.note(event);
      this.workload.note(event);
    });
    this.trace = new Trace(keep);
    this.observer = new Observer(this.world, waysOf(scenario.herd), invariants, this.trace, onEntry);
    const random = new SeededRandom(String(scenario.seed), 'workload');
    this.workload = new Workload(scenario.clients, scenario.herd.topology, random, this.world);
  }

  async play(): Promise<RunResult> {
    const refusals = refusalsOf(this.scenario, this.world);
    if (refusals.length > 0) throw new WorldRefusal(refusals);
    let measures: MeasureResults;
    try {
      await this.world.start();
      for (const step of this.scenario.steps) {
        await this.passUntil(step.atMs);
        await this.do(step);
        this.observer.look();
      }
      this.workload.end();
      await this.settle();
      // The end takes every server down, and says nothing of the herd.
      measures = this.observer.measures.results();
    } finally {
      await this.world.stop();
    }
    return this.result(measures);
  }

  /** Lets time pass, with what the clients do meanwhile. */
  private async passUntil(ms: number): Promise<void> {
    for (;;) {
      const lookMs = (Math.floor(this.world.nowMs() / lookEveryMs) + 1) * lookEveryMs;
      const nextMs = Math.min(ms, lookMs, this.workload.nextMs);
      await this.world.passUntil(nextMs);
      if (nextMs === lookMs) this.observer.look();
      if (nextMs === this.workload.nextMs) this.workload.step();
      if (nextMs === ms) return;
    }
  }

  private async do({ action, text, place }: Step): Promise<void> {
    this.observer.record({ kind: 'step', text, place });
    for (const idle of idleTextsOf(action, this.observer.view)) this.observer.remark(idle);
    switch (action.kind) {
      case 'report': {
        const { client, server, position } = action;
        this.world.command(
          client,
          server,
          `IAMAT ${client} ${position} ${this.world.timeField(this.clockOffMs.get(client) ?? 0)}`,
        );
        return;
      }
      case 'ask': {
        const { client, server, radiusKm, count } = action;
        this.world.command(`asker-of-${client}`, server, `WHATSAT ${client} ${radiusKm} ${count}`);
        return;
      }
      case 'phone':
        this.clockOffMs.set(action.client, action.clockMs);
        this.workload.setClock(action.client, action.clockMs);
        return;
      case 'expect':
        return this.expect(action.that, place);
      case 'heal':
      case 'restart':
      case 'resume':
        await this.world.apply(action);
        this.observer.measures.recoveries.begin(text);
        return;
      case 'engine':
        await this.world.apply(action);
        if (action.change === 'up') this.observer.measures.recoveries.begin(text);
        return;
      default:
        return this.world.apply(action);
    }
  }

  private async expect(that: Expectation, place: string): Promise<void> {
    if (that.kind === 'converged') {
      return this.observer.settled(this.propagatedMs());
    }
    if (that.kind === 'linked') {
      this.expectLinked(that.server, place);
      return;
    }
    const { server, client, position } = that;
    const held = (await this.world.holds(server, client))?.position;
    if (held === position && this.observer.view.isUp(server)) return;
    const found = this.observer.view.isUp(server) ? `it holds ${held ?? 'nothing'}` : 'it is not running';
    const text = `${place}: ${server} should hold ${position ?? 'nothing'} of ${client}, and ${found}`;
    this.observer.violated('expect', { server, text });
  }

  private expectLinked(server: ServerId, place: string): void {
    const { view } = this.observer;
    const missing = view
      .reachable()
      .filter(([one, other]) => (one === server || other === server) && !view.isLive(one, other))
      .map(([one, other]) => (one === server ? other : one));
    if (missing.length === 0 && view.isUp(server)) return;
    const found = view.isUp(server) ? `its link to ${missing.join(' and ')} is not live` : 'it is not running';
    this.observer.violated('expect', { server, text: `${place}: ${server} should be linked, and ${found}` });
  }

  /** Gives the herd the time that it has, and a little more in which nothing should happen any more. */
  private async settle(): Promise<void> {
    const endMs = this.world.nowMs() + this.scenario.settleMs;
    await this.passUntil(endMs);
    await this.passUntil(endMs + quietMs(this.scenario));
    // A server may take a report later than it was sent: the connection of a client that sends too fast is throttled.
    await this.observer.settled(Math.min(endMs, this.propagatedMs()));
  }

  /** The moment up to which what a server has learned must by now be known everywhere, in scenario milliseconds. */
  private propagatedMs(): number {
    return this.world.nowMs() - promisedMs(this.scenario) - this.world.slackMs;
  }

  private result(measures: MeasureResults): RunResult {
    const { name, file, seed } = this.scenario;
    const { violations } = this.observer;
    return {
      name,
      file,
      seed,
      world: this.world.name,
      unseen: this.world.unseen,
      verdict: violations.length === 0 ? 'held' : 'violated',
      violations,
      measures,
      simulatedMs: this.world.nowMs(),
      traceHash: this.trace.hash(),
      trace: this.trace.entries,
    };
  }
}
