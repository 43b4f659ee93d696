import type { Invariant, Violation } from '../invariants/invariant.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { Environment, SimulationEvent } from '../environment.js';
import { HerdView } from './herd-view.js';
import { RunMetricsRecorder } from './metrics.js';
import type { RecordedViolation } from './result.js';
import { isTraced, type RunEvent, type Trace, type TraceEvent } from './trace.js';

/** Maximum number of violations that are kept: the first ones matter, the others may follow from them. */
const maxViolations = 100;

/** Observes a run: updates trace, view and metrics, and checks the invariants. */
export class Observer {
  readonly violations: RecordedViolation[] = [];
  readonly view: HerdView;
  readonly metrics: RunMetricsRecorder;
  private readonly invariantsByEventKind = new Map<SimulationEvent['kind'], Invariant[]>();

  constructor(
    private readonly environment: Environment,
    links: Topology,
    private readonly invariants: readonly Invariant[],
    private readonly trace: Trace,
    private readonly onEntry: (atMs: number, event: RunEvent) => void,
  ) {
    this.view = new HerdView(links, environment);
    this.metrics = new RunMetricsRecorder(this.view);
    for (const invariant of invariants) {
      for (const kind of invariant.observedKinds ?? [])
        this.invariantsByEventKind.set(kind, [...(this.invariantsByEventKind.get(kind) ?? []), invariant]);
    }
  }

  /** Processes an event. */
  observe(event: SimulationEvent): void {
    if (isTraced(event)) this.record(event);
    for (const invariant of this.invariantsByEventKind.get(event.kind) ?? []) {
      const breach = invariant.onEvent?.(event, this.view);
      if (breach !== undefined) this.recordViolation(invariant.name, breach);
    }
    this.view.observe(event);
    this.metrics.observe(event);
  }

  /** Runs the periodic checks of all invariants. */
  checkPeriodically(): void {
    for (const invariant of this.invariants)
      this.recordViolations(invariant.name, invariant.checkPeriodically?.(this.view) ?? []);
  }

  /** Runs the convergence checks of all invariants. */
  async checkConverged(settledMs: number): Promise<void> {
    for (const invariant of this.invariants) {
      this.recordViolations(invariant.name, (await invariant.checkConverged?.(this.view, settledMs)) ?? []);
    }
  }

  recordViolation(invariant: string, { text, server }: Violation): void {
    this.record({ kind: 'violation', invariant, text, server });
    if (this.violations.length >= maxViolations) return;
    this.violations.push({ atMs: this.environment.nowMs(), invariant, text, server });
  }

  /** Appends an event to the trace. */
  record(event: TraceEvent): void {
    const atMs = this.environment.nowMs();
    this.trace.append(atMs, event);
    this.onEntry(atMs, event);
  }

  /** Reports a remark, which is not part of the trace. */
  recordRemark(text: string): void {
    this.onEntry(this.environment.nowMs(), { kind: 'remark', text });
  }

  private recordViolations(invariant: string, violations: readonly Violation[]): void {
    for (const violation of violations) this.recordViolation(invariant, violation);
  }
}
