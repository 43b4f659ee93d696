import type { ServerId } from '../../protocol/place/ids.js';
import type { TraceEvent } from '../run/trace.js';
import type { Action, Edge, EngineChange, Step } from '../scenario/scenario.js';
import { engine } from '../scenario/links-in.js';
import type { FaultBand, FaultKind } from './timeline-data.js';

/** A fault that lasts, and what is left of it. */
interface Open {
  readonly kind: FaultKind;
  readonly text: string;
  readonly fromMs: number;
  readonly servers: readonly string[];
  /** The ways that are still broken, as keys; of faults of the network alone. */
  readonly edges: Set<string>;
}

/** When what was broken: servers as they were seen to go down and come back, all else by the steps that broke and mended it. */
export class FaultBands {
  private readonly open = new Set<Open>();
  private readonly closed: FaultBand[] = [];
  private readonly lanes: ReadonlyMap<string, number>;
  private stepsDone = 0;

  constructor(
    parties: readonly ServerId[],
    private readonly steps: readonly Step[],
  ) {
    this.lanes = new Map(parties.map((party, lane) => [party, lane]));
  }

  /** Takes in what happened. Steps are done in the order in which the scenario has them. */
  note(atMs: number, event: TraceEvent): void {
    switch (event.kind) {
      case 'down':
        this.close(atMs, ({ kind, servers }) => kind === 'pause' && servers.includes(event.server));
        return this.begin(atMs, { kind: 'crash', text: `${event.server} is down`, servers: [event.server] });
      case 'paused':
        return this.begin(atMs, { kind: 'pause', text: `${event.server} is stopped`, servers: [event.server] });
      case 'started':
        return this.close(atMs, ({ kind, servers }) => kind === 'crash' && servers.includes(event.server));
      case 'resumed':
        return this.close(atMs, ({ kind, servers }) => kind === 'pause' && servers.includes(event.server));
      case 'step': {
        const step = this.steps[this.stepsDone];
        this.stepsDone += 1;
        if (step !== undefined) this.apply(atMs, step.action, step.text);
        return;
      }
      default:
        return;
    }
  }

  /** All bands, by their beginnings; what is broken still is so until the end. */
  end(endMs: number): FaultBand[] {
    this.close(endMs, () => true);
    return this.closed.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
  }

  private apply(atMs: number, action: Action, text: string): void {
    switch (action.kind) {
      case 'slow':
        this.mend(atMs, action.edges, 'slow');
        return this.breakEdges(atMs, 'slow', text, action.edges);
      case 'cut':
      case 'stall':
        return this.breakEdges(atMs, action.kind, text, action.edges);
      case 'partition':
        this.close(atMs, ({ kind }) => kind === 'partition');
        return this.begin(atMs, { kind: 'partition', text, servers: action.groups.flat() });
      case 'heal':
        if (action.what === 'all') this.close(atMs, ({ kind, edges }) => kind === 'partition' || edges.size > 0);
        else if (action.what === 'partition') this.close(atMs, ({ kind }) => kind === 'partition');
        else this.mend(atMs, action.what);
        return;
      case 'clock':
        this.close(atMs, ({ kind, servers }) => kind === 'clock' && servers.includes(action.server));
        return this.begin(atMs, { kind: 'clock', text, servers: [action.server] });
      case 'upstream':
        this.close(atMs, ({ kind }) => kind === 'upstream');
        if (action.state !== 'up') this.begin(atMs, { kind: 'upstream', text, servers: [] });
        return;
      case 'engine':
        return this.applyToEngine(atMs, action.change, text);
      default:
        return;
    }
  }

  /** What is wiped lasts no time: its step tells of it. */
  private applyToEngine(atMs: number, change: EngineChange, text: string): void {
    if (change === 'wiped') return;
    this.close(atMs, ({ kind, servers }) => kind === 'engine' || (kind === 'crash' && servers.includes(engine)));
    if (change === 'down') this.begin(atMs, { kind: 'crash', text: `${engine} is down`, servers: [engine] });
    else if (change !== 'up') this.begin(atMs, { kind: 'engine', text, servers: [engine] });
  }

  private breakEdges(atMs: number, kind: FaultKind, text: string, edges: readonly Edge[]): void {
    const servers = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
    this.begin(atMs, { kind, text, servers }, edges.map(keyOf));
  }

  private begin(fromMs: number, fault: Pick<Open, 'kind' | 'text' | 'servers'>, edges: readonly string[] = []): void {
    this.open.add({ ...fault, fromMs, edges: new Set(edges) });
  }

  /** Some ways are as usual again: a fault ends with the last of its ways. */
  private mend(atMs: number, edges: readonly Edge[], only?: FaultKind): void {
    const keys = edges.map(keyOf);
    this.close(atMs, (fault) => {
      if (fault.edges.size === 0 || (only !== undefined && fault.kind !== only)) return false;
      for (const key of keys) fault.edges.delete(key);
      return fault.edges.size === 0;
    });
  }

  private close(toMs: number, ends: (fault: Open) => boolean): void {
    for (const fault of [...this.open].filter(ends)) {
      this.open.delete(fault);
      const { kind, text, fromMs } = fault;
      const lanes = fault.servers.flatMap((server) => this.lanes.get(server) ?? []);
      // What breaks in the moment in which all ends was ended, not broken.
      if (fromMs < toMs) this.closed.push({ kind, text, lanes, fromMs, toMs });
    }
  }
}

function keyOf({ from, to }: Edge): string {
  return `${from}>${to}`;
}
