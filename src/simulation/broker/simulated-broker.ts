import type { Clock } from '../../actors/ports/clock.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SeededRandom } from '../time/seeded-random.js';
import { BrokerNode } from './broker-node.js';
import { BrokerRoute } from './broker-route.js';
import { ConnectionEnd, type EndSettings } from './connection-end.js';

/**
 * Interval of the PINGs of nodes, in milliseconds. That of nats-server is 30 s for routes and two minutes for clients; shorter
 * here, so that scenarios of a minute contain what follows from it.
 */
export const nodePingMs = 2_000;

/** Milliseconds between two attempts of a node to connect to another one. */
const routeRetryMs = 1_000;

/** Maximum bytes in flight to a slow consumer. That of nats-server is 64 MiB; less here, because simulated herds send less. */
const maxPendingBytes = 1_048_576;

/** The bound in network buffers, for scenarios with small ones. */
const maxPendingBuffers = 8;

/** Dependencies of a SimulatedBroker. */
export interface SimulatedBrokerDependencies {
  readonly network: SimulatedNetwork;
  readonly clock: Clock;
  readonly random: SeededRandom;
}

/** Two nodes, the first of which connects to the second, and the first's end of the connection. */
interface RoutePair {
  readonly dialer: BrokerNode;
  readonly target: BrokerNode;
  end: ConnectionEnd | undefined;
}

/** The broker of a simulated herd: one node, or several with a route between any two. */
export class SimulatedBroker {
  readonly nodes: readonly BrokerNode[];
  private readonly pairs: readonly RoutePair[];

  constructor(
    names: readonly string[],
    private readonly dependencies: SimulatedBrokerDependencies,
  ) {
    this.nodes = names.map((name) => new BrokerNode(name, dependencies.random.stream(name)));
    this.pairs = this.nodes.flatMap((dialer, index) =>
      this.nodes.slice(index + 1).map((target) => ({ dialer, target, end: undefined })),
    );
    for (const pair of this.pairs) this.dialRepeatedly(pair);
  }

  /** Maximum bytes in flight from a node before it closes the connection. */
  get maxPendingBytes(): number {
    return Math.min(maxPendingBytes, maxPendingBuffers * this.dependencies.network.bufferBytes);
  }

  isUp(name: string): boolean {
    return this.nodes.some((node) => node.name === name && node.isUp);
  }

  /** Settings of a node's end of a connection. */
  endSettings(node: BrokerNode, onClosed: (reason: string) => void): EndSettings {
    const { clock } = this.dependencies;
    return { host: node.host, clock, pingMs: nodePingMs, maxPendingBytes: this.maxPendingBytes, onClosed };
  }

  /** Starts a node. */
  start(name: string): void {
    this.nodes.find((node) => node.name === name)?.start();
  }

  /** Ends the process of a node: its connections are reset. */
  stop(name: string): void {
    this.nodes.find((node) => node.name === name)?.stop();
    // Also a connection that the target has not accepted yet.
    for (const { dialer, end } of this.pairs) if (dialer.name === name) end?.reset();
  }

  private dialRepeatedly(pair: RoutePair): void {
    if (pair.dialer.isUp && pair.end?.isOpen !== true) this.dial(pair);
    this.dependencies.clock.setTimeout(() => this.dialRepeatedly(pair), routeRetryMs);
  }

  private dial(pair: RoutePair): void {
    const { dialer, target } = pair;
    const [end, targetEnd] = ConnectionEnd.connect(
      this.dependencies.network,
      this.endSettings(dialer, () => dialer.removeRoute(route)),
      this.endSettings(target, () => target.removeRoute(targetRoute)),
    );
    const route = new BrokerRoute(dialer, end);
    const targetRoute = new BrokerRoute(target, targetEnd);
    BrokerRoute.pair(route, targetRoute);
    pair.end = end;
    end.send(`INFO ${dialer.name}\n`, () => {
      if (!target.isUp) return targetEnd.reset('connection refused');
      targetEnd.send(`INFO ${target.name}\n`, () => dialer.addRoute(route));
      target.addRoute(targetRoute);
      targetEnd.startPinging();
    });
    end.startPinging();
  }
}
