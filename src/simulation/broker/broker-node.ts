import type { SocketHost } from '../network/socket.js';
import type { SeededRandom } from '../time/seeded-random.js';
import type { BrokerMessage, Interest } from './broker-message.js';
import type { BrokerRoute } from './broker-route.js';
import type { ConnectionEnd } from './connection-end.js';
import { SubjectTable } from './subjects.js';

/** A client that is connected to a node. */
export interface BrokerClient {
  /** The node's end of the connection. */
  readonly nodeEnd: ConnectionEnd;
  /** Sends it a message of one of its subscriptions. */
  deliver(subscription: number, message: BrokerMessage): void;
  /** Reports that a message had no subscriber. */
  unanswered(replyTo: string): void;
}

/** A subscription of a client of this node. */
interface Subscription {
  readonly id: number;
  readonly subject: string;
  /** The queue group; '' if none. */
  readonly queue: string;
  readonly client: BrokerClient;
}

/**
 * A node of the simulated broker, with the semantics of nats-server without JetStream: it stores nothing, delivers at most once,
 * and knows the subscriptions at other nodes only from what these have sent. It works immediately; delays are added by the
 * network.
 */
export class BrokerNode {
  readonly host: SocketHost;
  private state: 'up' | 'down' = 'up';
  private readonly clients = new Map<BrokerClient, Map<number, Subscription>>();
  private readonly subscriptions = new SubjectTable<Subscription>();
  /** By subject and queue group. */
  private readonly interests = new Map<string, Interest>();
  private readonly routes = new Set<BrokerRoute>();

  constructor(
    readonly name: string,
    private readonly random: SeededRandom,
  ) {
    const isUp = (): boolean => this.isUp;
    this.host = {
      name,
      get isAlive() {
        return isUp();
      },
      // The operating system of a node that is down still answers.
      run: (work) => work(),
    };
  }

  get isUp(): boolean {
    return this.state === 'up';
  }

  start(): void {
    this.state = 'up';
  }

  /** Ends the process: all its connections are reset. */
  stop(): void {
    if (!this.isUp) return;
    this.state = 'down';
    for (const client of [...this.clients.keys()]) {
      this.disconnect(client);
      client.nodeEnd.reset();
    }
    for (const route of [...this.routes]) {
      this.removeRoute(route);
      route.end.reset();
    }
  }

  connect(client: BrokerClient): void {
    this.clients.set(client, new Map());
  }

  /** Removes a client with its subscriptions. */
  disconnect(client: BrokerClient): void {
    for (const id of this.clients.get(client)?.keys() ?? []) this.unsubscribe(client, id);
    this.clients.delete(client);
  }

  subscribe(client: BrokerClient, id: number, subject: string, queue: string): void {
    const subscription: Subscription = { id, subject, queue, client };
    this.clients.get(client)?.set(id, subscription);
    this.subscriptions.add(subscription);
    this.changeInterest(subscription, 1);
  }

  unsubscribe(client: BrokerClient, id: number): void {
    const subscription = this.clients.get(client)?.get(id);
    if (subscription === undefined) return;
    this.clients.get(client)?.delete(id);
    this.subscriptions.delete(subscription);
    this.changeInterest(subscription, -1);
  }

  /** Delivers a client's message here and to other nodes, or reports to the client that it has no subscriber. */
  publish(message: BrokerMessage, publisher: BrokerClient): void {
    const { plain, queues } = this.findSubscriptions(message.subject, publisher);
    for (const subscription of plain) deliver(subscription, message);
    // One subscriber per queue group, here if there is one.
    for (const members of queues.values()) deliver(this.pick(members), message);
    const remoteQueues = this.findRemoteQueues(message.subject, new Set(queues.keys()));
    for (const [route, groups] of remoteQueues) route.forward(message, groups);
    const isAnswerable = plain.length + queues.size + remoteQueues.size > 0;
    if (!isAnswerable && message.replyTo !== '') publisher.unanswered(message.replyTo);
  }

  /** Delivers a message from another node to clients of this one: to all without a queue group, and to one of each group named. */
  receiveRouted(message: BrokerMessage, groups: readonly string[]): void {
    const { plain, queues } = this.findSubscriptions(message.subject, undefined);
    for (const subscription of plain) deliver(subscription, message);
    for (const group of groups) {
      // None if they have unsubscribed since: then the message is lost.
      const members = queues.get(group);
      if (members !== undefined) deliver(this.pick(members), message);
    }
  }

  /** Adds a route to another node, and sends that node what the clients of this one are subscribed to. */
  addRoute(route: BrokerRoute): void {
    this.routes.add(route);
    for (const interest of this.interests.values()) route.sendInterest(interest);
  }

  removeRoute(route: BrokerRoute): void {
    this.routes.delete(route);
  }

  private findSubscriptions(
    subject: string,
    publisher: BrokerClient | undefined,
  ): { readonly plain: Subscription[]; readonly queues: ReadonlyMap<string, Subscription[]> } {
    const plain: Subscription[] = [];
    const queues = new Map<string, Subscription[]>();
    for (const subscription of this.subscriptions.match(subject)) {
      // No echo.
      if (subscription.client === publisher) continue;
      const { queue } = subscription;
      if (queue === '') plain.push(subscription);
      else queues.set(queue, [...(queues.get(queue) ?? []), subscription]);
    }
    return { plain, queues };
  }

  /**
   * Returns the routes to nodes with subscribers, each with the queue groups of which that node is to choose one: of each group
   * without a subscriber here, one node, by the number of its subscribers.
   */
  private findRemoteQueues(subject: string, servedQueues: ReadonlySet<string>): Map<BrokerRoute, string[]> {
    const groupsOf = new Map<BrokerRoute, string[]>();
    const candidates = new Map<string, BrokerRoute[]>();
    for (const route of this.routes) {
      for (const { queue, weight } of route.interests.match(subject)) {
        if (queue === '') groupsOf.set(route, []);
        else if (!servedQueues.has(queue)) {
          const routes = candidates.get(queue) ?? [];
          for (let count = 0; count < weight; count += 1) routes.push(route);
          candidates.set(queue, routes);
        }
      }
    }
    for (const [queue, routes] of candidates) {
      const route = this.pick(routes);
      groupsOf.set(route, [...(groupsOf.get(route) ?? []), queue]);
    }
    return groupsOf;
  }

  private changeInterest({ subject, queue }: Subscription, by: 1 | -1): void {
    const key = `${subject} ${queue}`;
    const interest = this.interests.get(key) ?? { subject, queue, weight: 0 };
    interest.weight += by;
    if (interest.weight === 0) this.interests.delete(key);
    else this.interests.set(key, interest);
    // Of subscriptions without a queue group, only whether there are any matters to other nodes.
    const isRelevant = queue !== '' || interest.weight === (by > 0 ? 1 : 0);
    if (isRelevant) for (const route of this.routes) route.sendInterest(interest);
  }

  private pick<Item>(items: readonly Item[]): Item {
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : this.random.pick(items);
  }
}

function deliver({ client, id }: Subscription, message: BrokerMessage): void {
  client.deliver(id, message);
}
