import type { ServerId } from '../../protocol/place/ids.js';
import type { TraceEvent } from '../run/trace.js';
import type { Action, Edge, Step } from '../scenario/scenario.js';
import type { FaultBand, FaultKind } from './timeline-data.js';

/** An active fault, and what is left of it. */
interface OpenFault {
  readonly kind: FaultKind;
  readonly text: string;
  readonly fromMs: number;
  readonly servers: readonly string[];
  /** Links that are still affected, as keys; for network faults only. */
  readonly edges: Set<string>;
}

/** Records when each fault was active: servers and broker nodes as they went down and came back, all else according to the steps. */
export class FaultBands {
  private readonly openFaults = new Set<OpenFault>();
  private readonly closedBands: FaultBand[] = [];
  private readonly lanes: ReadonlyMap<string, number>;
  private readonly left = new Set<ServerId>();
  private nextStep = 0;

  /** @param absent servers that do not run at the start */
  constructor(
    parties: readonly ServerId[],
    private readonly steps: readonly Step[],
    absent: readonly ServerId[],
  ) {
    this.lanes = new Map(parties.map((party, lane) => [party, lane]));
    for (const server of absent) this.openDown(0, server, 'has not joined');
  }

  /** Processes an event. Steps are executed in the order of the scenario. */
  observe(atMs: number, event: TraceEvent): void {
    switch (event.kind) {
      case 'left':
        this.left.add(event.server);
        return;
      case 'down':
        this.close(atMs, ({ kind, servers }) => kind === 'pause' && servers.includes(event.server));
        return this.openDown(atMs, event.server, this.left.delete(event.server) ? 'has left' : 'is down');
      case 'broker':
        if (event.state === 'down') return this.openDown(atMs, event.node, 'is down');
        return this.close(atMs, ({ kind, servers }) => kind === 'crash' && servers.includes(event.node));
      case 'paused':
        return this.openBand(atMs, { kind: 'pause', text: `${event.server} is paused`, servers: [event.server] });
      case 'started':
        return this.close(atMs, ({ kind, servers }) => kind === 'crash' && servers.includes(event.server));
      case 'resumed':
        return this.close(atMs, ({ kind, servers }) => kind === 'pause' && servers.includes(event.server));
      case 'step': {
        const step = this.steps[this.nextStep];
        this.nextStep += 1;
        if (step !== undefined) this.apply(atMs, step.action, step.text);
        return;
      }
      default:
        return;
    }
  }

  /** Returns all bands by start time; faults that are still active last until the end. */
  finish(endMs: number): FaultBand[] {
    this.close(endMs, () => true);
    return this.closedBands.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
  }

  private apply(atMs: number, action: Action, text: string): void {
    switch (action.kind) {
      case 'slow':
        this.healEdges(atMs, action.edges, 'slow');
        return this.breakEdges(atMs, 'slow', text, action.edges);
      case 'cut':
      case 'stall':
        return this.breakEdges(atMs, action.kind, text, action.edges);
      case 'partition':
        this.close(atMs, ({ kind }) => kind === 'partition');
        return this.openBand(atMs, { kind: 'partition', text, servers: action.groups.flat() });
      case 'heal':
        if (action.what === 'all') this.close(atMs, ({ kind, edges }) => kind === 'partition' || edges.size > 0);
        else if (action.what === 'partition') this.close(atMs, ({ kind }) => kind === 'partition');
        else this.healEdges(atMs, action.what);
        return;
      case 'clock':
        this.close(atMs, ({ kind, servers }) => kind === 'clock' && servers.includes(action.server));
        return this.openBand(atMs, { kind: 'clock', text, servers: [action.server] });
      case 'upstream':
        this.close(atMs, ({ kind }) => kind === 'upstream');
        if (action.state !== 'up') this.openBand(atMs, { kind: 'upstream', text, servers: [] });
        return;
      default:
        return;
    }
  }

  private openDown(atMs: number, party: ServerId, words: string): void {
    this.openBand(atMs, { kind: 'crash', text: `${party} ${words}`, servers: [party] });
  }

  private breakEdges(atMs: number, kind: FaultKind, text: string, edges: readonly Edge[]): void {
    const servers = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
    this.openBand(atMs, { kind, text, servers }, edges.map(edgeKey));
  }

  private openBand(
    fromMs: number,
    fault: Pick<OpenFault, 'kind' | 'text' | 'servers'>,
    edges: readonly string[] = [],
  ): void {
    this.openFaults.add({ ...fault, fromMs, edges: new Set(edges) });
  }

  /** Some links are healed: a fault ends with the last of its links. */
  private healEdges(atMs: number, edges: readonly Edge[], only?: FaultKind): void {
    const keys = edges.map(edgeKey);
    this.close(atMs, (fault) => {
      if (fault.edges.size === 0 || (only !== undefined && fault.kind !== only)) return false;
      for (const key of keys) fault.edges.delete(key);
      return fault.edges.size === 0;
    });
  }

  private close(toMs: number, isEnded: (fault: OpenFault) => boolean): void {
    for (const fault of [...this.openFaults].filter(isEnded)) {
      this.openFaults.delete(fault);
      const { kind, text, fromMs } = fault;
      const lanes = fault.servers.flatMap((server) => this.lanes.get(server) ?? []);
      // A fault that begins when everything is healed has no duration, and is not shown.
      if (fromMs < toMs) this.closedBands.push({ kind, text, lanes, fromMs, toMs });
    }
  }
}

function edgeKey({ from, to }: Edge): string {
  return `${from}>${to}`;
}
