import type { Invariant, Violation } from '../invariants/invariant.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { Environment, SimulationEvent } from '../environment.js';
import { HerdView } from './herd-view.js';
import { RunMetricsRecorder } from './metrics.js';
import type { RecordedViolation } from './result.js';
import { isTraced, type RunEvent, type Trace, type TraceEvent } from './trace.js';

/** Violations that are kept: what broke first matters, and all else may follow from it. */
const maxViolations = 100;

/** Watches a run: keeps the record, the view, the measures and the invariants up to date with what happens in its world. */
export class Observer {
  readonly violations: RecordedViolation[] = [];
  readonly view: HerdView;
  readonly metrics: RunMetricsRecorder;
  private readonly invariantsByEventKind = new Map<SimulationEvent['kind'], Invariant[]>();

  constructor(
    private readonly environment: Environment,
    ways: Topology,
    private readonly invariants: readonly Invariant[],
    private readonly trace: Trace,
    private readonly onEntry: (atMs: number, event: RunEvent) => void,
  ) {
    this.view = new HerdView(ways, environment);
    this.metrics = new RunMetricsRecorder(this.view);
    for (const invariant of invariants) {
      for (const kind of invariant.observedKinds ?? [])
        this.invariantsByEventKind.set(kind, [...(this.invariantsByEventKind.get(kind) ?? []), invariant]);
    }
  }

  /** Takes in what happened. */
  observe(event: SimulationEvent): void {
    if (isTraced(event)) this.record(event);
    for (const invariant of this.invariantsByEventKind.get(event.kind) ?? []) {
      const breach = invariant.onEvent?.(event, this.view);
      if (breach !== undefined) this.recordViolation(invariant.name, breach);
    }
    this.view.observe(event);
    this.metrics.observe(event);
  }

  /** Looks around for what shows only now and then. */
  checkPeriodically(): void {
    for (const invariant of this.invariants)
      this.recordViolations(invariant.name, invariant.checkPeriodically?.(this.view) ?? []);
  }

  /** Looks at a herd that has had the time that it is promised. */
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

  /** Puts something on the record. */
  record(event: TraceEvent): void {
    const atMs = this.environment.nowMs();
    this.trace.append(atMs, event);
    this.onEntry(atMs, event);
  }

  /** Says something that follows from the record, and is no part of it. */
  recordRemark(text: string): void {
    this.onEntry(this.environment.nowMs(), { kind: 'remark', text });
  }

  private recordViolations(invariant: string, violations: readonly Violation[]): void {
    for (const violation of violations) this.recordViolation(invariant, violation);
  }
}
