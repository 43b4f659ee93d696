import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Invariant } from '../invariants/invariant.js';
import { createInvariants } from '../invariants/all.js';
import type { Expectation, Scenario, Step } from '../scenario/scenario.js';
import { linksIn } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import type { Environment, SimulationListener } from '../environment.js';
import { noopWarnings } from './noop-steps.js';
import type { RunMetrics } from './metrics.js';
import { Observer } from './observer.js';
import { convergenceBoundMs, quiescenceMs } from './convergence-bound.js';
import { unsupportedProblems, UnsupportedScenarioError } from './unsupported-scenario.js';
import type { RunResult } from './result.js';
import { Trace, type RunEvent } from './trace.js';
import { Workload } from './workload.js';

/** Milliseconds between two periodic checks. */
const checkIntervalMs = 1_000;

/** How a scenario is run. */
export interface RunOptions {
  /** Creates the environment in which the scenario runs. */
  readonly createEnvironment: (emit: SimulationListener) => Environment;
  /** Whether the entries of the trace are kept besides its hash. Default: false. */
  readonly keepsTrace?: boolean;
  /** Default: the invariants that apply to the scenario. */
  readonly invariants?: readonly Invariant[];
  /** Called for each event of the trace, and for remarks. */
  readonly onEntry?: (atMs: number, event: RunEvent) => void;
  /** Called at the end of the scenario; the environment is stopped when the promise resolves. */
  readonly keepRunning?: (result: RunResult) => Promise<void>;
}

/**
 * Runs a scenario to its end.
 * @throws UnsupportedScenarioError before anything runs, if the environment cannot execute a step
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  return new ScenarioRun(scenario, options).run();
}

/** One run of a scenario. */
class ScenarioRun {
  private readonly environment: Environment;
  private readonly observer: Observer;
  private readonly trace: Trace;
  private readonly workload: Workload;
  /** Clock errors of clients that steps have set, in milliseconds. */
  private readonly clockOffsetMs = new Map<ClientId, number>();
  private readonly keepRunning: RunOptions['keepRunning'];

  constructor(
    private readonly scenario: Scenario,
    {
      createEnvironment,
      keepsTrace = false,
      invariants = createInvariants(scenario),
      onEntry = () => undefined,
      keepRunning,
    }: RunOptions,
  ) {
    this.keepRunning = keepRunning;
    this.environment = createEnvironment((event) => {
      this.observer.observe(event);
      this.workload.observe(event);
    });
    this.trace = new Trace(keepsTrace);
    this.observer = new Observer(this.environment, linksIn(scenario.herd), invariants, this.trace, onEntry);
    const random = new SeededRandom(String(scenario.seed), 'workload');
    this.workload = new Workload(scenario.clients, scenario.herd, random, this.environment);
  }

  async run(): Promise<RunResult> {
    const problems = unsupportedProblems(this.scenario, this.environment);
    if (problems.length > 0) throw new UnsupportedScenarioError(problems);
    let metrics: RunMetrics;
    try {
      await this.environment.start();
      for (const step of this.scenario.steps) {
        await this.advanceTo(step.atMs);
        await this.execute(step);
        this.observer.checkPeriodically();
      }
      this.workload.end();
      await this.settle();
      // Stopping takes every server down, which says nothing about the herd.
      metrics = this.observer.metrics.results();
      if (this.keepRunning !== undefined) {
        const result = this.result(metrics);
        await this.keepRunning(result);
        return result;
      }
    } finally {
      await this.environment.stop();
    }
    return this.result(metrics);
  }

  /** Lets time pass, with the commands of clients and the periodic checks. */
  private async advanceTo(ms: number): Promise<void> {
    for (;;) {
      const nextCheckMs = (Math.floor(this.environment.nowMs() / checkIntervalMs) + 1) * checkIntervalMs;
      const nextMs = Math.min(ms, nextCheckMs, this.workload.nextMs);
      await this.environment.advanceTo(nextMs);
      if (nextMs === nextCheckMs) this.observer.checkPeriodically();
      if (nextMs === this.workload.nextMs) this.workload.step();
      if (nextMs === ms) return;
    }
  }

  private async execute({ action, text, sourceLine }: Step): Promise<void> {
    this.observer.record({ kind: 'step', text, sourceLine });
    for (const warning of noopWarnings(action, this.observer.view)) this.observer.recordRemark(warning);
    switch (action.kind) {
      case 'report': {
        const { client, server, position } = action;
        this.environment.sendCommand(
          client,
          server,
          `IAMAT ${client} ${position} ${this.environment.formatTimeField(this.clockOffsetMs.get(client) ?? 0)}`,
        );
        return;
      }
      case 'query': {
        const { client, server, radiusKm, count } = action;
        this.environment.sendCommand(`asker-of-${client}`, server, `WHATSAT ${client} ${radiusKm} ${count}`);
        return;
      }
      case 'phone':
        this.clockOffsetMs.set(action.client, action.clockMs);
        this.workload.setClock(action.client, action.clockMs);
        return;
      case 'expect':
        return this.expect(action.expectation, sourceLine);
      case 'heal':
      case 'restart':
      case 'resume':
      case 'join':
        await this.environment.apply(action);
        this.observer.metrics.recoveries.begin(text);
        return;
      case 'broker':
        await this.environment.apply(action);
        if (action.state === 'up') this.observer.metrics.recoveries.begin(text);
        return;
      default:
        return this.environment.apply(action);
    }
  }

  private async expect(expectation: Expectation, place: string): Promise<void> {
    if (expectation.kind === 'converged') {
      return this.observer.checkConverged(this.mustBePropagatedMs());
    }
    if (expectation.kind === 'linked') {
      this.expectLinked(expectation.server, place);
      return;
    }
    const { server, client, position } = expectation;
    const actual = (await this.environment.readLocation(server, client))?.position;
    if (actual === position && this.observer.view.isUp(server)) return;
    const found = this.observer.view.isUp(server) ? `it stores ${actual ?? 'nothing'}` : 'it is not running';
    const text = `${place}: ${server} should store ${position ?? 'nothing'} for ${client}, but ${found}`;
    this.observer.recordViolation('expect', { server, text });
  }

  private expectLinked(server: ServerId, place: string): void {
    const { view } = this.observer;
    const missing = view
      .reachablePairs()
      .filter(([one, other]) => (one === server || other === server) && !view.isLive(one, other))
      .map(([one, other]) => (one === server ? other : one));
    if (missing.length === 0 && view.isUp(server)) return;
    const found = view.isUp(server) ? `its link to ${missing.join(' and ')} is not live` : 'it is not running';
    this.observer.recordViolation('expect', { server, text: `${place}: ${server} should be linked, but ${found}` });
  }

  /** Lets the herd settle, then observes it a little longer, when nothing should happen any more. */
  private async settle(): Promise<void> {
    const endMs = this.environment.nowMs() + this.scenario.settleMs;
    await this.advanceTo(endMs);
    await this.advanceTo(endMs + quiescenceMs(this.scenario));
    // A server may process a report long after it was sent: connections of clients that send too fast are throttled.
    await this.observer.checkConverged(Math.min(endMs, this.mustBePropagatedMs()));
  }

  /** The moment up to which everything learned must be known everywhere by now, in scenario milliseconds. */
  private mustBePropagatedMs(): number {
    return this.environment.nowMs() - convergenceBoundMs(this.scenario) - this.environment.observationDelayMs;
  }

  private result(metrics: RunMetrics): RunResult {
    const { name, file, seed } = this.scenario;
    const { violations } = this.observer;
    return {
      name,
      file,
      seed,
      environment: this.environment.name,
      unchecked: this.environment.unchecked,
      verdict: violations.length === 0 ? 'passed' : 'failed',
      violations,
      metrics,
      simulatedMs: this.environment.nowMs(),
      traceHash: this.trace.hash(),
      trace: this.trace.entries,
    };
  }
}
