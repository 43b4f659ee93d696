import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { Path } from './path.js';
import type { Edge, FaultAction } from '../scenario/scenario.js';

/** Actions that affect only the network. */
type NetworkAction = Extract<FaultAction, { kind: 'cut' | 'stall' | 'slow' | 'partition' | 'heal' }>;

/** A network whose paths can be broken and healed. */
export interface FaultableNetwork {
  /** Returns the path between two hosts in this direction. */
  path(from: ServerId, to: ServerId): Path;
  /** Notifies the connections over a path that it has changed. */
  pathChanged(path: Path): void;
}

/** Injects and heals network faults between servers. */
export class NetworkFaults {
  constructor(
    private readonly network: FaultableNetwork,
    private readonly topology: Topology,
  ) {}

  isOpen(from: ServerId, to: ServerId): boolean {
    return this.network.path(from, to).state === 'open';
  }

  apply(action: NetworkAction): void {
    switch (action.kind) {
      case 'cut':
        this.changeEach(action.edges, (path) => path.block('cut'));
        break;
      case 'stall':
        this.changeEach(action.edges, (path) => path.stall());
        break;
      case 'slow':
        this.changeEach(action.edges, (path) => path.slow(action.conditions));
        break;
      case 'partition':
        this.partition(action.groups);
        break;
      case 'heal':
        this.heal(action.what);
        break;
    }
  }

  /** Cuts every link between servers of different groups. A server in no group keeps all its links. */
  private partition(groups: readonly (readonly ServerId[])[]): void {
    const groupOf = (server: ServerId) => groups.findIndex((group) => group.includes(server));
    this.changeEach(this.allEdges(), (path, { from, to }) => {
      path.unblock('partition');
      if (groupOf(from) >= 0 && groupOf(to) >= 0 && groupOf(from) !== groupOf(to)) path.block('partition');
    });
  }

  private heal(what: 'all' | 'partition' | readonly Edge[]): void {
    if (what === 'partition') return this.changeEach(this.allEdges(), (path) => path.unblock('partition'));
    this.changeEach(what === 'all' ? this.allEdges() : what, (path) => path.heal());
  }

  private allEdges(): Edge[] {
    return [...this.topology].flatMap(([from, neighbours]) => neighbours.map((to) => ({ from, to })));
  }

  private changeEach(edges: readonly Edge[], change: (path: Path, edge: Edge) => void): void {
    for (const edge of edges) {
      const path = this.network.path(edge.from, edge.to);
      change(path, edge);
      this.network.pathChanged(path);
    }
  }
}
