import type { Breach, Invariant } from '../invariants/invariant.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { World, WorldEvent } from '../environment.js';
import { HerdView } from './herd-view.js';
import { Measures } from './metrics.js';
import type { Violation } from './result.js';
import { isTraced, type RunNews, type Trace, type TraceEvent } from './trace.js';

/** Violations that are kept: what broke first matters, and all else may follow from it. */
const violationsMax = 100;

/** Watches a run: keeps the record, the view, the measures and the invariants up to date with what happens in its world. */
export class Observer {
  readonly violations: Violation[] = [];
  readonly view: HerdView;
  readonly measures: Measures;
  private readonly seers = new Map<WorldEvent['kind'], Invariant[]>();

  constructor(
    private readonly world: World,
    ways: Topology,
    private readonly invariants: readonly Invariant[],
    private readonly trace: Trace,
    private readonly onEntry: (atMs: number, event: RunNews) => void,
  ) {
    this.view = new HerdView(ways, world);
    this.measures = new Measures(this.view);
    for (const invariant of invariants) {
      for (const kind of invariant.sees ?? []) this.seers.set(kind, [...(this.seers.get(kind) ?? []), invariant]);
    }
  }

  /** Takes in what happened. */
  note(event: WorldEvent): void {
    if (isTraced(event)) this.record(event);
    for (const invariant of this.seers.get(event.kind) ?? []) {
      const breach = invariant.see?.(event, this.view);
      if (breach !== undefined) this.violated(invariant.name, breach);
    }
    this.view.note(event);
    this.measures.note(event);
  }

  /** Looks around for what shows only now and then. */
  look(): void {
    for (const invariant of this.invariants) this.report(invariant.name, invariant.look?.(this.view) ?? []);
  }

  /** Looks at a herd that has had the time that it is promised. */
  async settled(settledMs: number): Promise<void> {
    for (const invariant of this.invariants) {
      this.report(invariant.name, (await invariant.settled?.(this.view, settledMs)) ?? []);
    }
  }

  violated(invariant: string, { text, server }: Breach): void {
    this.record({ kind: 'violation', invariant, text, server });
    if (this.violations.length >= violationsMax) return;
    this.violations.push({ atMs: this.world.nowMs(), invariant, text, server });
  }

  /** Puts something on the record. */
  record(event: TraceEvent): void {
    const atMs = this.world.nowMs();
    this.trace.note(atMs, event);
    this.onEntry(atMs, event);
  }

  /** Says something that follows from the record, and is no part of it. */
  remark(text: string): void {
    this.onEntry(this.world.nowMs(), { kind: 'remark', text });
  }

  private report(invariant: string, breaches: readonly Breach[]): void {
    for (const breach of breaches) this.violated(invariant, breach);
  }
}
